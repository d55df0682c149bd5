"""The user's own classifier: a real model of ONNX, and a real tokenizer."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from localai import Duration, SettingsError, Unavailable
from plugins.guardrails.injection.classifier import Classifier, ClassifierSettings
from plugins.guardrails.injection.plugin import Injection
from tests.plugins.support import a_call, asking, serving

EVIL = 1
"""The token whose number makes the model certain."""


def build(folder: Path, inputs: tuple[str, ...] = ("input_ids", "attention_mask")) -> None:
    """Write a model that says class 1 where a text has the word `evil`, and its tokenizer."""
    words = {"[UNK]": 0, "evil": EVIL, "good": 2}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    nodes = [
        helper.make_node("Equal", [inputs[0], "evil"], ["is_evil"]),
        helper.make_node("Cast", ["is_evil"], ["as_float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["as_float"], ["any"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["any", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])],
        [
            helper.make_tensor("evil", TensorProto.INT64, [1], [EVIL]),
            helper.make_tensor("weights", TensorProto.FLOAT, [1, 2], [-5.0, 5.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))


def settings(folder: Path, **more: Any) -> ClassifierSettings:
    """Return settings for the model in a folder."""
    return ClassifierSettings(
        enabled=True, model=folder / "model.onnx", tokenizer=folder / "tokenizer.json", **more
    )


async def test_the_model_is_asked(tmp_path: Path) -> None:
    """The probability is the softmax of the model's outputs."""
    build(tmp_path)
    classifier = Classifier(settings(tmp_path))
    async with classifier.running():
        assert await classifier.score("good good") == pytest.approx(0.5)
        assert await classifier.score("good evil") == pytest.approx(0.99995, abs=1e-5)


async def test_long_texts_are_read_in_windows(tmp_path: Path) -> None:
    """A word at any place of a text of many windows is seen."""
    build(tmp_path)
    classifier = Classifier(settings(tmp_path, max_tokens=16))
    async with classifier.running():
        for at in (0, 15, 16, 500, 2999):
            words = ["good"] * 3000
            words[at] = "evil"
            assert await classifier.score(" ".join(words)) > 0.9


async def test_a_text_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    """The deadline ends the wait, and the caller is told to try again."""
    build(tmp_path)
    classifier = Classifier(settings(tmp_path, max_tokens=16, deadline=Duration(0.0001)))
    async with classifier.running():
        with pytest.raises(Unavailable, match="took too long"):
            await classifier.score("good " * 20_000)


async def test_the_verdict_joins_the_others(tmp_path: Path) -> None:
    """A text that only the model finds suspicious is flagged by the rule `classifier`."""
    build(tmp_path)
    plugin = Injection(Injection.Config(classifier=settings(tmp_path)))
    call = a_call()
    async with plugin._running():
        await plugin.before_inference(call)
        assert not call.decisions
        evil = call.replace(messages=(call.messages[0].replace(content="very evil"),))
        await plugin.before_inference(evil)
    assert [(each.rule, each.score) for each in evil.decisions] == [("classifier", 1.0)]


@pytest.mark.parametrize(("action", "status"), [("block", 400), ("flag", 200)])
async def test_over_http_the_model_decides(tmp_path: Path, action: str, status: int) -> None:
    """A router whose file names the model refuses what it finds suspicious, or tells of it."""
    build(tmp_path)
    more = f"""
[plugins.injection]
use = "plugins.guardrails.injection.plugin:Injection"
action = "{action}"
[plugins.injection.classifier]
enabled = true
model = "model.onnx"
tokenizer = "tokenizer.json"
"""
    async with serving(tmp_path, "injection", more) as (_, client):
        answer = await client.post("/api/chat", json=asking("very evil"))
        assert answer.status_code == status
        if action == "block":
            assert "messages[0].content looks like a prompt injection (rule class" in answer.text
            assert "evil" not in answer.text
        assert (await client.post("/api/chat", json=asking("very good"))).status_code == 200


async def test_many_ask_at_once(tmp_path: Path) -> None:
    """Texts wait for each other, and all get their answer."""
    build(tmp_path)
    classifier = Classifier(settings(tmp_path))
    async with classifier.running():
        scores = await asyncio.gather(*(classifier.score("good evil") for _ in range(50)))
    assert min(scores) > 0.9


def test_files_must_be_there(tmp_path: Path) -> None:
    """A missing model is told at the start, by its path."""
    with pytest.raises(SettingsError, match=r"classifier\.model: there is no file .*model\.onnx"):
        Classifier(settings(tmp_path))


async def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the message has the command that installs it."""
    build(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SettingsError, match=r"pip install 'localai-edge-router\[classifier\]'"):
        async with Classifier(settings(tmp_path)).running():
            pass


@pytest.mark.parametrize(
    ("broken", "message"),
    [("model", "can't be read"), ("inputs", "its inputs are pixels"), ("label", "2 classes")],
)
async def test_models_that_do_not_fit_are_refused(
    tmp_path: Path, broken: str, message: str
) -> None:
    """A damaged file, unknown inputs and a label that isn't there are told at the start."""
    build(tmp_path, ("pixels",) if broken == "inputs" else ("input_ids",))
    if broken == "model":
        (tmp_path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(SettingsError, match=message):
        async with Classifier(settings(tmp_path, label=7 if broken == "label" else 1)).running():
            pass

"""Rules of the file hold for requests and answers, in both wire formats."""

import json
from pathlib import Path
from typing import Any

import pytest

from localai import (
    Call,
    Chunk,
    Decision,
    Function,
    InvalidRequest,
    Message,
    SettingsError,
    ToolCall,
)
from plugins.guardrails.findings import fingerprint
from plugins.guardrails.stream.answer import BLOCKED_TEXT
from plugins.guardrails.stream.plugin import OutputRules, RuleSettings
from tests.plugins.support import Model, a_call, all_of, asking, serving

END = Chunk(done=True, done_reason="stop", model="m", eval_count=3)


def _plugin(**rule: Any) -> OutputRules:
    settings = {"name": "code", "pattern": "X-[0-9]{4}"} | rule
    return OutputRules(OutputRules.Config(rules=(RuleSettings(**settings),)))


async def _answers(plugin: OutputRules, call: Call, *texts: str) -> list[Chunk]:
    model = Model(*(Chunk(content=text) for text in texts), END)
    return await all_of(plugin.around_inference(model.infer), call)


def _text(chunks: list[Chunk]) -> str:
    return "".join(chunk.content for chunk in chunks)


async def test_a_match_in_an_answer_is_redacted() -> None:
    """The replacement stands in its place, and the decision tells how often, without the text."""
    call = a_call()
    chunks = await _answers(_plugin(), call, "a X-12", "34, X-5678.")
    assert _text(chunks) == "a [code], [code]."
    assert call.decisions == [
        Decision(
            guard="stream",
            rule="code",
            action="redact",
            direction="output",
            count=2,
            hashes=(fingerprint("X-1234"), fingerprint("X-5678")),
        )
    ]


async def test_a_match_can_block_an_answer() -> None:
    """The rest of the answer is the text of the file."""
    call = a_call()
    chunks = await _answers(_plugin(action="block"), call, "a X-1234", " more")
    assert _text(chunks) == f"a {BLOCKED_TEXT}"
    assert chunks[-1].done_reason == "content_filter"
    assert [decision.action for decision in call.decisions] == ["block"]


async def test_a_match_can_be_flagged_only() -> None:
    """The answer stays as it is; the decision is there."""
    call = a_call()
    assert _text(await _answers(_plugin(action="flag"), call, "X-1234")) == "X-1234"
    assert [decision.action for decision in call.decisions] == ["flag"]


async def test_requests_are_looked_at_if_the_rule_says_so() -> None:
    """All texts of a request are redacted before the model sees them; its answer stays."""
    model = Model(Chunk(content="X-1234"), END)
    plugin = _plugin(direction="input", replacement="<{name}>")
    arguments = {"k": "X-1234"}
    call = a_call(
        messages=(
            Message(role="system", content="X-1234"),
            Message(
                role="assistant",
                content="",
                tool_calls=(ToolCall(function=Function(name="f", arguments=arguments)),),
            ),
        )
    )
    assert _text(await all_of(plugin.around_inference(model.infer), call)) == "X-1234"
    (seen,) = model.calls
    assert seen.messages[0].content == "<code>"
    assert seen.messages[1].tool_calls[0].function.arguments == {"k": "<code>"}


async def test_a_request_can_be_refused() -> None:
    """The refusal names the place, the rule and the remedy, not the text; no model is asked."""
    model = Model(END)
    plugin = _plugin(direction="both", action="block")
    call = a_call(messages=(Message(role="user", content="my X-1234"),))
    with pytest.raises(InvalidRequest, match=r"messages\[0\].content .* rule 'code'") as refusal:
        await all_of(plugin.around_inference(model.infer), call)
    assert (refusal.value.param, refusal.value.code) == ("messages[0].content", "content_filter")
    assert "X-1234" not in str(refusal.value)
    assert model.calls == []
    assert [decision.direction for decision in call.decisions] == ["input"]


async def test_log_probabilities_are_not_asked_for() -> None:
    """They would spell what is taken out."""
    model = Model(END)
    await all_of(_plugin().around_inference(model.infer), a_call(logprobs=True, top_logprobs=3))
    assert (model.calls[0].logprobs, model.calls[0].top_logprobs) == (False, 0)


async def test_embeddings_pass_unchanged() -> None:
    """Of an embed call the inputs are looked at, and the answer is numbers."""
    answer = Chunk(embeddings=((0.1, 0.2),), done=True)
    model = Model(answer)
    call = a_call(kind="embed", messages=(), inputs=("X-1234", "y"))
    plugin = _plugin(direction="both")
    assert await all_of(plugin.around_inference(model.infer), call) == [answer]
    assert model.calls[0].inputs == ("[code]", "y")


def test_without_rules_it_costs_nothing() -> None:
    """The next handler is given as it is."""
    model = Model(END)
    handler = model.infer
    assert OutputRules(OutputRules.Config()).around_inference(handler) is handler


def test_rules_are_checked_at_the_start() -> None:
    """A rule that can't be used, or a name used twice, stops the start with the reason."""
    with pytest.raises(SettingsError, match=r"rule 'code': '\+' has no bound"):
        _plugin(pattern="a+")
    rule = RuleSettings(name="code", pattern="a")
    with pytest.raises(SettingsError, match="two have the same name"):
        OutputRules(OutputRules.Config(rules=(rule, rule)))


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", "/v1/chat/completions"])
async def test_rules_hold_in_both_wire_formats(tmp_path: Path, path: str, is_stream: bool) -> None:
    """Over HTTP, streamed and plain, nothing of a match reaches the caller."""
    more = f"""
        [plugins.rules]
        use = "{OutputRules.__module__}:OutputRules"
        rules = [{{name = "vowel", pattern = "[aeiou]{{1,2}}", replacement = "_"}}]
    """
    async with serving(tmp_path, "rules", more) as (_, client):
        body = asking(stream=is_stream) | {"prompt": "Hello"}
        if path == "/api/generate":
            del body["messages"]
        else:
            del body["prompt"]
        answer = await client.post(path, json=body)
        assert answer.status_code == 200
        said = _said(answer.text)
        assert "_" in said
        assert not set(said) & set("aeiou")


def _said(body: str) -> str:
    """Return what the model says in a body of either wire format."""
    said = ""
    for line in body.splitlines():
        line = line.removeprefix("data: ")
        if not line.startswith("{"):
            continue
        value = json.loads(line)
        said += value.get("response", "") + value.get("message", {}).get("content", "")
        for choice in value.get("choices", ()):
            said += (choice.get("delta") or choice.get("message", {})).get("content", "")
    return said

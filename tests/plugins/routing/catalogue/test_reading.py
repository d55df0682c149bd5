"""Reading what Ollama says, or something in its place."""

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.model import Facts, Loaded
from plugins.routing.catalogue.reading import (
    Shown,
    model_key,
    read_ps,
    read_show,
    read_tags,
    with_shown,
)
from tests.plugins.routing.catalogue.shows import GPT_OSS_20B, LLAMA_8B, QWEN_30B

NOW = 1_795_186_800.0
TAG = {
    "name": "Qwen2.5:7b",
    "model": "Qwen2.5:7b",
    "modified_at": "2026-11-20T14:00:00.123456789+01:00",
    "size": 4_683_087_332,
    "digest": "ab" * 32,
    "details": {
        "format": "gguf",
        "family": "qwen2",
        "families": ["qwen2"],
        "parameter_size": "7.6B",
        "quantization_level": "Q4_K_M",
        "context_length": 32_768,
    },
    "capabilities": ["completion", "tools", "flying"],
}
LOADED = {
    "name": "Qwen2.5:7b",
    "size": 6_000,
    "size_vram": 5_000,
    "expires_at": "2026-11-20T16:05:00+01:00",
    "context_length": 8192,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@st.composite
def mangled(draw: st.DrawFn, whole: Any) -> Any:
    """Draw an answer with parts of it replaced by any other JSON."""
    if draw(st.integers(0, 5)) == 0:
        return draw(JSON)
    if isinstance(whole, dict):
        return {key: draw(mangled(value)) for key, value in whole.items()}
    if isinstance(whole, list):
        return [draw(mangled(value)) for value in whole]
    return whole


def test_a_list_of_models_is_read() -> None:
    """Name, digest, size, quantisation, weights, context and known capabilities are taken."""
    found, wrong = read_tags({"models": [TAG]})
    assert found == [
        Facts(
            name="Qwen2.5:7b",
            digest="ab" * 32,
            size=4_683_087_332,
            family="qwen2",
            quantisation="Q4_K_M",
            parameters=7_600_000_000,
            active_parameters=7_600_000_000,
            context_length=32_768,
            capabilities=frozenset({"completion", "tools"}),
        )
    ]
    assert wrong == 0


def test_what_runs_elsewhere_is_no_model_of_the_host() -> None:
    """Entries that point to another host are left out without a word; others count as wrong."""
    away = [TAG | {"remote_host": "https://example.org"}, TAG | {"remote_model": "x"}]
    found, wrong = read_tags({"models": [*away, TAG, 7, {}, {"name": "x" * 400}]})
    assert ([facts.name for facts in found], wrong) == (["Qwen2.5:7b"], 3)


@pytest.mark.parametrize("answer", [None, [], {}, {"models": None}, {"models": {"a": 1}}])
def test_no_list_has_no_models(answer: Any) -> None:
    """Whatever stands in its place is an empty list."""
    assert read_tags(answer) == ([], 0)
    assert read_ps(answer, NOW, 60) == {}


def test_a_list_is_read_to_a_bound() -> None:
    """Of a host with too many models the first ones count."""
    found, wrong = read_tags({"models": [TAG | {"name": f"m{n}"} for n in range(1500)]})
    assert (len(found), wrong) == (1000, 500)


def test_a_description_is_read() -> None:
    """It has all weights, the active ones, the cache of a token, and the pinned context."""
    shown = read_show(
        GPT_OSS_20B
        | {
            "parameters": 'stop                           "x"\nnum_ctx                        8192',
            "capabilities": ["completion", "thinking"],
        }
    )
    assert (shown.parameters, shown.num_ctx) == (20_914_757_184, 8192)
    assert shown.active_parameters < 4e9
    assert shown.kv_bytes == 24 * 8 * 128 * 2
    assert shown.capabilities == {"completion", "thinking"}
    assert read_show(LLAMA_8B).context_length == 131_072


@pytest.mark.parametrize(
    ("shown", "capabilities"),
    [
        ({}, {"completion"}),
        ({"details": {"family": "nomic-bert"}}, {"embedding"}),
        (
            {"model_info": {"general.architecture": "qwen3", "qwen3.pooling_type": 3}},
            {"embedding"},
        ),
        ({"template": "{{ .Messages }}{{ .Tools }}"}, {"completion", "tools"}),
        ({"template": "{{ .Suffix }}{{ .Thinking }}"}, {"completion", "insert", "thinking"}),
        ({"details": {"families": ["llama", "clip"]}}, {"completion", "vision"}),
        ({"projector_info": {"a": 1}}, {"completion", "vision"}),
        ({"capabilities": ["embedding"], "template": "{{ .Tools }}"}, {"embedding"}),
    ],
)
def test_capabilities_that_are_not_told_are_worked_out(shown: Any, capabilities: set[str]) -> None:
    """Where the server does not tell them, family, template and projector do."""
    assert read_show(shown).capabilities == capabilities


def test_what_is_known_comes_together() -> None:
    """The description completes the list; before it is there, the family tells what it can do."""
    (listed,), _ = read_tags({"models": [TAG]})
    shown = Shown(parameters=5, active_parameters=3, kv_bytes=2, kv_fixed=1, num_ctx=7)
    both = with_shown(listed, shown)
    assert (both.parameters, both.active_parameters, both.kv_bytes, both.kv_fixed) == (5, 3, 2, 1)
    assert (both.num_ctx, both.context_length) == (7, 32_768)
    assert both.capabilities == {"completion", "tools"}
    assert with_shown(listed, None) == listed
    assert with_shown(Facts(name="m", family="bert"), None).capabilities == {"embedding"}
    assert with_shown(Facts(name="m", family="llama"), None).capabilities == {"completion"}


def test_what_is_in_memory_is_read() -> None:
    """Sizes, context and expiry, by the name in the form in which it is looked up."""
    assert read_ps({"models": [LOADED, {"name": 3}, None]}, NOW, 60) == {
        "qwen2.5:7b": Loaded(size=6_000, size_vram=5_000, num_ctx=8192, expires=NOW + 300)
    }


def test_expiries_may_be_never_or_over() -> None:
    """The year 2318 is for ever; a model that is at work, or says nothing, stays a while."""
    for said, expires in (
        ("2318-01-01T00:00:00Z", math.inf),
        ("2026-11-20T14:00:00+01:00", NOW + 60),
        (None, NOW + 60),
    ):
        (found,) = read_ps({"models": [LOADED | {"expires_at": said}]}, NOW, 60).values()
        assert found.expires == expires


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Llama3.2", "llama3.2:latest"),
        ("llama3.2:LATEST", "llama3.2:latest"),
        ("registry.ollama.ai/library/x:1b", "x:1b"),
        ("library/x", "x:latest"),
        ("hf.co/a/B:Q4", "hf.co/a/b:q4"),
    ],
)
def test_names_have_one_form(name: str, key: str) -> None:
    """All spellings that Ollama takes for one model are looked up as one."""
    assert model_key(name) == key


@pytest.mark.parametrize(
    ("read", "whole"),
    [
        (read_tags, {"models": [TAG, TAG]}),
        (read_show, GPT_OSS_20B | {"parameters": "num_ctx 5", "template": "{{ .Tools }}"}),
        (read_show, QWEN_30B | {"details": TAG["details"]}),
        (lambda answer: read_ps(answer, NOW, 60), {"models": [LOADED, LOADED]}),
    ],
    ids=["tags", "show", "show-experts", "ps"],
)
@given(data=st.data())
def test_nothing_raises(read: Callable[[Any], object], whole: Any, data: st.DataObject) -> None:
    """Whatever JSON stands in the place of any part, something sensible comes out."""
    made = read(data.draw(mangled(whole)))
    numbers = msgspec.to_builtins(made, builtin_types=(float,))
    for shown in numbers if isinstance(numbers, list) else [numbers]:
        for value in shown.values() if isinstance(shown, dict) else ():
            assert not isinstance(value, int | float) or value >= 0

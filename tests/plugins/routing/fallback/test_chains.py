"""Which other models may answer."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.fallback.causes import Cause
from plugins.routing.fallback.chains import Chain, Chains, Setting

CHAINS: dict[str, Any] = {
    "qwen2.5:14b": {
        "context": ["qwen2.5:14b-128k"],
        "busy": ["qwen2.5:7b", "qwen2.5:3b"],
        "timeout": [],
        "any": ["llama3.2"],
    },
    "qwen*": "qwen2.5:3b",
    "*": {"error": ["tiny"]},
}


def chains(last: str = "") -> Chains:
    """Return those of a file."""
    return Chains(msgspec.convert(CHAINS, dict[str, Setting]), last)


@pytest.mark.parametrize(
    ("model", "cause", "others"),
    [
        ("qwen2.5:14b", "context", ["qwen2.5:14b-128k"]),
        ("Qwen2.5:14B", "busy", ["qwen2.5:7b", "qwen2.5:3b"]),
        ("qwen2.5:14b", "error", ["llama3.2"]),
        ("qwen2.5:14b", "timeout", []),
        ("qwen3", "timeout", ["qwen2.5:3b"]),
        ("llama3.2", "error", ["tiny"]),
        ("llama3.2", "busy", []),
    ],
)
def test_a_model_has_the_list_of_its_entry_and_cause(
    model: str, cause: Cause, others: list[str]
) -> None:
    """A name counts before patterns, a list for the cause before that for any, empty or not."""
    assert list(chains().others(model, cause)) == others
    assert list(chains("last").others(model, cause)) == [*others, "last"]


def test_a_name_without_a_tag_is_the_latest() -> None:
    """As everywhere."""
    found = Chains({"llama3.2": ["other"]})
    assert list(found.others("llama3.2:latest", "error")) == ["other"]
    assert list(found.others("llama3.2:1b", "error")) == []


@pytest.mark.parametrize(
    ("found", "has"),
    [(Chains({}), False), (Chains({}, "x"), True), (Chains({"a": ["x"]}), True)],
)
def test_it_is_false_where_nothing_is_set(found: Chains, has: bool) -> None:
    """Then there is nothing to do."""
    assert bool(found) is has


@given(
    lists=st.fixed_dictionaries(
        {"any": st.lists(st.sampled_from("abc"))},
        optional={
            cause: st.lists(st.sampled_from("abc"))
            for cause in ("context", "busy", "error", "timeout")
        },
    ),
    cause=st.sampled_from(["context", "busy", "error", "timeout"]),
)
def test_the_list_is_the_causes_own_or_that_for_any(
    lists: dict[str, list[str]], cause: Cause
) -> None:
    """One of the two, never both."""
    assert Chain(**lists).models(cause) == lists.get(cause, lists["any"])

"""Which calls are compared, and with which others."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Call, File, Function, Message, Options, Principal, ToolCall
from plugins.cache.key import MATTERS
from plugins.cache.semantic.question import Question, partition_in, question_in, question_of
from tests.plugins.cache.calls import IRRELEVANT
from tests.plugins.cache.calls import MATTERS as VALUES
from tests.plugins.cache.semantic.support import asking
from tests.plugins.cache.support import COLD

SYSTEM = Message(role="system", content="Be brief.")


def question(call: Call, **changes: Any) -> Question:
    """Return the question of a call."""
    fields: dict[str, Any] = {
        "partition": ("lab",),
        "model_digest": "aa",
        "embedded_by": ("localai-embed:latest", "bb"),
    }
    return question_of(call, call.messages[-1].content, **(fields | changes))


def test_a_question_is_the_users_last_text() -> None:
    """A chat at temperature 0 or with a seed, that ends in the user's text, is compared."""
    assert question_in(asking("Why?"), sampled=False) == "Why?"
    assert question_in(asking("Why?", options=Options(seed=1)), sampled=False) == "Why?"
    assert question_in(asking("Why?", before=(SYSTEM,)), sampled=False) == "Why?"
    assert question_in(asking("Why?", options=Options()), sampled=True) == "Why?"


@pytest.mark.parametrize(
    "changes",
    [
        {"options": Options()},
        {"options": Options(temperature=0.5)},
        {"kind": "generate", "prompt": "Why?"},
        {"kind": "embed", "inputs": ("Why?",)},
        {"messages": ()},
        {"messages": (Message(role="user", content=""),)},
        {"messages": (Message(role="assistant", content="Why?"),)},
        {"messages": (Message(role="tool", content="Why?", tool_name="clock"),)},
        {"messages": (Message(role="system", content="Why?"),)},
        {"messages": (Message(role="user", content="Why?", images=("aa",)),)},
        {"before": (Message(role="user", content="Look", images=("aa",)),)},
        {"messages": (Message(role="user", content="Why?", files=(File(data="aa"),)),)},
        {
            "messages": (
                Message(
                    role="user",
                    content="Why?",
                    tool_calls=(ToolCall(function=Function(name="f", arguments={})),),
                ),
            )
        },
    ],
    ids=str,
)
def test_anything_else_is_not_compared(changes: dict[str, Any]) -> None:
    """Not what is sampled, has images or files, is no chat, or ends in more than a text."""
    assert question_in(asking("Why?", **changes), sampled=False) is None


@settings(deadline=None)
@given(st.sampled_from(sorted(set(MATTERS) - {"kind"})), st.data())
def test_only_what_is_the_same_in_all_else_is_compared(field: str, data: st.DataObject) -> None:
    """Whatever changes an answer, besides the text, makes another group."""
    call = asking("Why?")
    value = data.draw(VALUES[field].filter(lambda value: value != getattr(call, field)))
    assert question(call).group != question(call.replace(**{field: value})).group


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"model": "qwen"}),
        ({}, {"before": (SYSTEM,)}),
        ({"before": (SYSTEM,)}, {"before": (SYSTEM.replace(content="Be long."),)}),
        (
            {"before": (SYSTEM, Message(role="user", content="Hello"))},
            {"before": (SYSTEM, Message(role="assistant", content="Hello"))},
        ),
        ({}, {"tools": ({"function": {"name": "clock"}},)}),
    ],
)
def test_another_model_or_context_is_another_group(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The same text after other turns, or for another model, is another question."""
    first, second = question(asking("Why?", **one)), question(asking("Why?", **other))
    assert first.group != second.group
    assert first.key != second.key


@pytest.mark.parametrize(
    "changes",
    [
        {"partition": ("office",)},
        {"partition": ("lab", "key", "key:1")},
        {"model_digest": "cc"},
        {"embedded_by": ("nomic-embed-text:latest", "bb")},
        {"embedded_by": ("localai-embed:latest", "cc")},
    ],
)
def test_another_partition_or_version_is_another_group(changes: dict[str, Any]) -> None:
    """Neither other callers, nor a changed model, nor vectors of another model are compared."""
    assert question(asking("Why?")).group != question(asking("Why?"), **changes).group


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=IRRELEVANT))
def test_who_asks_and_how_makes_no_difference(changes: dict[str, Any]) -> None:
    """Wire format, streaming, request id, address, headers and the key are not compared."""
    call = asking("Why?")
    assert question(call.replace(**changes)) == question(call)


def test_a_group_begins_with_its_partition() -> None:
    """From a group that was kept, its partition is known."""
    asked = question(asking("Why?"))
    assert partition_in(asked.group) == asked.partition
    other = question(asking("Why?"), partition=("office",))
    assert partition_in(other.group) != asked.partition


def test_texts_of_a_group_have_keys_of_their_own() -> None:
    """Two texts with the same facts are one group, and two keys."""
    one, other = question(asking("Why is it?")), question(asking("Why is that?"))
    assert one.group == other.group
    assert one.key != other.key
    assert one.key.startswith("semantic:")


def test_facts_are_part_of_the_group_as_far_as_they_are_wanted() -> None:
    """Texts with other numbers are compared only if numbers may differ."""
    one, other = asking("Add 1"), asking("Add 2")
    assert question(one).group != question(other).group
    assert question(one, equal=()).group == question(other, equal=()).group
    assert question(one, equal=("names",)).group == question(other, equal=("names",)).group


def test_the_tenant_of_a_principal_is_not_what_counts() -> None:
    """Only the partition says who shares answers, as it is set for the whole cache."""
    one = asking("Why?", principal=Principal(id="key:1", tenant="lab"), options=COLD)
    other = asking("Why?", principal=Principal(id="key:2", tenant="office"), options=COLD)
    assert question(one) == question(other)

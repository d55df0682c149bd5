"""Which calls may be given the answer of a similar one, and which ones those are similar to."""

from collections.abc import Collection
from operator import attrgetter
from typing import NamedTuple

from localai import Call
from plugins.cache.key import MATTERS, canonical, digest, is_repeatable, model_of
from plugins.cache.semantic.facts import FACTS, Fact, facts_of

PREFIX = "semantic:"
"""Of the keys of these answers."""

PARTITION_LENGTH = 32
"""Hex digits of a partition's name, with which the names of its groups begin."""

_fields = attrgetter(*MATTERS)


class Question(NamedTuple):
    """The last turn of a conversation, and where it may be compared."""

    text: str
    partition: str
    group: str
    """Of the questions that differ in nothing but their text."""
    key: str


def question_in(call: Call, *, sampled: bool) -> str | None:
    """Return the text that a call asks; `None` for a call that is not to be compared.

    That is one whose answer can't be given again, which ends in anything but the user's own text,
    or which has an image or a file: what is in those is not compared.
    """
    if call.kind != "chat" or not is_repeatable(call, sampled):
        return None
    last = call.messages[-1]
    if last.role != "user" or not last.content or last.tool_calls or last.thinking:
        return None
    if any(message.images or message.files for message in call.messages):
        return None
    return last.content


def question_of(
    call: Call,
    text: str,
    *,
    partition: tuple[str, ...],
    model_digest: str,
    embedded_by: tuple[str, ...],
    equal: Collection[Fact] = FACTS,
) -> Question:
    """Return the question of a call.

    Its group is a digest of all that changes the answer but the text: the model and its version,
    system prompts, earlier turns, tools, format and options; of which model makes the vectors; and
    of the facts in the text.
    """
    context = (partition, model_of(call), model_digest, _fields(call), call.messages[:-1])
    apart = digest(canonical(partition))[:PARTITION_LENGTH]
    group = apart + digest(canonical(context, embedded_by, facts_of(text, equal)))
    return Question(text, apart, group, f"{PREFIX}{digest(canonical(group, text))}")


def partition_in(group: str) -> str:
    """Return the partition of a group."""
    return group[:PARTITION_LENGTH]

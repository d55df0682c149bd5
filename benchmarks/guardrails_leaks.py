"""Whether any of a secret gets out of a streamed answer, however the answer is cut into chunks."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from benchmarks.guardrails_data import finance, national
from benchmarks.guardrails_data.pii import secret
from benchmarks.guardrails_data.sample import Value, seeded
from localai import Call, Chunk, Chunks, Function, Handler, Message, Principal, ToolCall
from plugins.guardrails.pii.plugin import Pii

VISIBLE = 12
"""So many characters of a secret in a row are a leak."""

_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_BEFORE = ("", "The value is ", "Sure! Here it is:\n\n", "key=", '{"token": "', "`", "(see ", "x ")
_AFTER = ("", ".", " and nothing else.", "\n\nKeep it safe!", '"}', "`", " OK", ") for more")
_CALL = Call(
    kind="chat",
    model="llama3.2",
    stream=True,
    dialect="ollama",
    request_id="benchmark",
    principal=Principal(id="benchmark"),
    messages=(Message(role="user", content="Hello"),),
)


@dataclass(kw_only=True)
class Leaks:
    """How many answers showed a whole secret, and how many `VISIBLE` characters of it or more."""

    answers: int = 0
    whole: int = 0
    part: int = 0
    examples: list[str] = field(default_factory=list)
    """Which way the first of them took, without their texts."""


async def leaks(
    count: int, around: Callable[[Handler], Handler] | None = None, seed: int = 17
) -> dict[str, Leaks]:
    """Send so many answers with a secret each through a plugin: the one that is shipped."""
    random = seeded(seed)
    around = around or Pii(Pii.Config()).around_inference
    found = {channel: Leaks() for channel in _CHANNELS}
    for number in range(count):
        channel = list(_CHANNELS)[number % len(_CHANNELS)]
        await _answer(random, around, channel, found[channel])
        if number % 64 == 0:
            await asyncio.sleep(0)
    return found


async def _answer(
    random: Random, around: Callable[[Handler], Handler], channel: str, found: Leaks
) -> None:
    value = _value(random)
    first, last = value.least or (0, len(value.text))
    before, after = random.choice(_BEFORE), random.choice(_AFTER)
    chunks = _CHANNELS[channel](random, before, value.text, after)

    async def model(call: Call) -> Chunks:
        for chunk in chunks:
            yield chunk
        yield Chunk(done=True, done_reason="stop", model=call.model)

    shown = {"thinking": "", "content": "", "arguments": ""}
    call = _CALL.replace(stream=len(chunks) > 1)
    async with aclosing(around(model)(call)) as answer:
        async for chunk in answer:
            shown["thinking"] += chunk.thinking
            shown["content"] += chunk.content
            for tool_call in chunk.tool_calls:
                shown["arguments"] += "".join(map(str, tool_call.function.arguments.values()))
    visible = "".join(shown.values())
    if channel == "escaped content":
        visible = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), visible)
        visible = visible.replace("\\n", "\n")
    hidden = value.text[first:last]
    width = min(VISIBLE, len(hidden))
    found.answers += 1
    is_whole = hidden in visible
    is_part = any(
        hidden[at : at + width] in visible for at in range(max(1, len(hidden) - width + 1))
    )
    found.whole += is_whole
    found.part += is_part
    if is_part and len(found.examples) < 20:
        found.examples.append(f"{value.kind}, {value.form}, before {before!r}, after {after!r}")


def _value(random: Random) -> Value:
    choice = random.random()
    if choice < 0.25:
        return finance.card(random)
    return national.us_ssn(random) if choice < 0.4 else secret(random)


def _pieces(random: Random, text: str) -> list[str]:
    """Return the text in pieces as tokens have them, or as no tokenizer makes them."""
    way = random.randrange(5)
    if way == 0:
        return list(text)
    if way == 1:
        at = random.randint(0, len(text))
        return [text[:at], text[at:]]
    if way == 2:
        return [text]
    most = 5 if way == 3 else 24
    pieces, at = [], 0
    while at < len(text):
        size = random.randint(1, most)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def _content(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    return [Chunk(content=piece) for piece in _pieces(random, before + value + after)]


def _thinking(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    return [Chunk(thinking=piece) for piece in _pieces(random, before + value + after)]


def _escaped(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    text = "".join(
        f"\\u{ord(each):04x}" if random.random() < 0.3 else json.dumps(each)[1:-1] for each in value
    )
    return [Chunk(content=piece) for piece in _pieces(random, f'{{"v": "{text}"}}')]


def _from_thinking_to_content(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    at = random.randint(1, len(value) - 1)
    thinking = [Chunk(thinking=piece) for piece in _pieces(random, before + value[:at])]
    return thinking + [Chunk(content=piece) for piece in _pieces(random, value[at:] + after)]


def _arguments(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    return [_tool_call(0, {"text": before + value + after})]


def _two_tool_calls(random: Random, before: str, value: str, after: str) -> list[Chunk]:
    at = random.randint(1, len(value) - 1)
    return [_tool_call(0, {"a": before + value[:at]}), _tool_call(1, {"a": value[at:] + after})]


def _tool_call(index: int, arguments: dict[str, str]) -> Chunk:
    function = Function(name="save", arguments=arguments, index=index)
    return Chunk(tool_calls=(ToolCall(id=f"call_{index}", function=function),))


_CHANNELS: dict[str, Callable[[Random, str, str, str], list[Chunk]]] = {
    "content": _content,
    "thinking": _thinking,
    "escaped content": _escaped,
    "thinking, then content": _from_thinking_to_content,
    "tool arguments": _arguments,
    "two tool calls": _two_tool_calls,
}

"""Every text of a request that a model will read, and a way to change them all."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from msgspec import Struct

from localai import Call, InvalidRequest, Message, ToolCall


class Place(Struct, frozen=True, gc=False):
    """Where a text stands: as the caller's own wire format names it."""

    name: str
    """As `messages[3].content`."""
    role: str
    """`system`, `user`, `assistant` or `tool`; texts that describe tools are the `system`'s."""


_FIELDS = (("system", "system"), ("template", "system"), ("prompt", "user"), ("suffix", "user"))
"""Fields of a call that hold one text each, with the role that says it."""
_ARGUMENTS = "messages[{}].tool_calls[{}].function.arguments"

LONG_NUMBER = 10**8
"""Least whole number in JSON that is looked at as a text: an SSN or a card without separators."""

Change = Callable[[Place, str], Awaitable[str]]
"""Returns the text that shall stand there; may refuse by raising `InvalidRequest`."""


def texts(call: Call) -> Iterator[tuple[Place, str]]:
    """Yield every text of a call with its place, those of `rewrite` in its order."""
    for name, role in _FIELDS:
        if text := getattr(call, name):
            yield Place(name, role), text
    for at, message in enumerate(call.messages):
        role = message.role
        if message.content:
            yield Place(f"messages[{at}].content", role), message.content
        if message.thinking:
            yield Place(f"messages[{at}].thinking", role), message.thinking
        for number, each in enumerate(message.tool_calls):
            place = Place(_ARGUMENTS.format(at, number), "assistant")
            yield from _leaves(place, each.function.arguments)
    for at, text in enumerate(call.inputs):
        if text:
            yield Place(f"input[{at}]", "user"), text
    for name in ("tools", "format"):
        value = getattr(call, name)
        if value and not isinstance(value, str):
            yield from _leaves(Place(name, "system"), value)


def _leaves(place: Place, value: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        if value:
            yield place, value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key:
                yield place, key
            yield from _leaves(place, each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(place, each)
    elif _is_long(value):
        yield place, str(value)


def _is_long(value: Any) -> bool:
    """Say whether a JSON value is a number that may stand for more than a quantity."""
    return value.__class__ is int and abs(value) >= LONG_NUMBER


async def rewrite(call: Call, change: Change) -> Call:
    """Return the call with each text as `change` gives it; the same object if none changed.

    Covers the content, thinking and tool calls (keys too) of all messages of all roles, tool
    definitions, the schema of the answer, `prompt`, `suffix`, `system`, `template`, and inputs.
    Raises `InvalidRequest` where nothing is left of a prompt.
    """
    changes: dict[str, Any] = {}
    for name, role in _FIELDS:
        text = getattr(call, name)
        if text:
            changes[name] = await change(Place(name, role), text)
    if call.messages:
        changes["messages"] = tuple(
            [await rewrite_message(at, each, change) for at, each in enumerate(call.messages)]
        )
    if call.inputs:
        changes["inputs"] = tuple(
            [
                await change(Place(f"input[{at}]", "user"), text) if text else text
                for at, text in enumerate(call.inputs)
            ]
        )
    for name in ("tools", "format"):
        value = getattr(call, name)
        if value and not isinstance(value, str):
            changes[name] = await _json(Place(name, "system"), value, change)
    changed = {name: value for name, value in changes.items() if value != getattr(call, name)}
    if not changed:
        return call
    if changed.get("prompt") == "":
        # Ollama would take the request for one that only loads the model.
        raise InvalidRequest("nothing is left of the prompt: write plain text", param="prompt")
    return call.replace(**changed)


async def rewrite_message(at: int, message: Message, change: Change) -> Message:
    """Return a message with each of its texts changed; `at` is its number in the conversation."""
    content, thinking, calls = message.content, message.thinking, message.tool_calls
    if content:
        content = await change(Place(f"messages[{at}].content", message.role), content)
    if thinking:
        thinking = await change(Place(f"messages[{at}].thinking", message.role), thinking)
    if calls:
        calls = tuple(
            [
                await _tool_call(_ARGUMENTS.format(at, number), each, change)
                for number, each in enumerate(calls)
            ]
        )
    if (content, thinking, calls) == (message.content, message.thinking, message.tool_calls):
        return message
    return message.replace(content=content, thinking=thinking, tool_calls=calls)


async def _tool_call(name: str, call: ToolCall, change: Change) -> ToolCall:
    arguments = await _json(Place(name, "assistant"), call.function.arguments, change)
    if arguments == call.function.arguments:
        return call
    return call.replace(function=call.function.replace(arguments=arguments))


async def _json(place: Place, value: Any, change: Change) -> Any:
    """Return a JSON value with each of its texts changed; bodies are at most 64 levels deep."""
    if isinstance(value, str):
        return await change(place, value) if value else value
    if isinstance(value, dict):
        return {
            await change(place, key) if key else key: await _json(place, each, change)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)([await _json(place, each, change) for each in value])
    if _is_long(value):
        changed = await change(place, text := str(value))
        return value if changed == text else changed
    return value

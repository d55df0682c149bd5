"""Every text of a request that a model will read, and a way to change them all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from localai import Call, Message, ToolCall


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: as the caller's own wire format names it."""

    name: str
    """As `messages[3].content`."""
    role: str
    """`system`, `user`, `assistant` or `tool`; texts that describe tools are the `system`'s."""


Change = Callable[[Place, str], Awaitable[str]]
"""Returns the text that shall stand there; may refuse by raising `InvalidRequest`."""


async def rewrite(call: Call, change: Change) -> Call:
    """Return the call with each text as `change` gives it; the same object if none changed.

    Covers the content, thinking and tool calls (keys too) of all messages of all roles, tool
    definitions, the schema of the answer, `prompt`, `suffix`, `system`, `template`, and inputs.
    """
    changes: dict[str, Any] = {}
    for name, role in (
        ("system", "system"),
        ("template", "system"),
        ("prompt", "user"),
        ("suffix", "user"),
    ):
        text = getattr(call, name)
        if text:
            changes[name] = await change(Place(name, role), text)
    if call.messages:
        changes["messages"] = tuple(
            [
                await _message(f"messages[{at}]", each, change)
                for at, each in enumerate(call.messages)
            ]
        )
    if call.inputs:
        changes["inputs"] = tuple(
            [
                await change(Place(f"input[{at}]", "user"), text)
                for at, text in enumerate(call.inputs)
            ]
        )
    for name in ("tools", "format"):
        value = getattr(call, name)
        if value and not isinstance(value, str):
            changes[name] = await _json(Place(name, "system"), value, change)
    changed = {name: value for name, value in changes.items() if value != getattr(call, name)}
    return call.replace(**changed) if changed else call


async def _message(at: str, message: Message, change: Change) -> Message:
    changes: dict[str, Any] = {}
    for name in ("content", "thinking"):
        text = getattr(message, name)
        if text:
            changes[name] = await change(Place(f"{at}.{name}", message.role), text)
    if message.tool_calls:
        changes["tool_calls"] = tuple(
            [
                await _tool_call(f"{at}.tool_calls[{number}]", each, change)
                for number, each in enumerate(message.tool_calls)
            ]
        )
    changed = {name: value for name, value in changes.items() if value != getattr(message, name)}
    return message.replace(**changed) if changed else message


async def _tool_call(at: str, call: ToolCall, change: Change) -> ToolCall:
    place = Place(f"{at}.function.arguments", "assistant")
    arguments = await _json(place, call.function.arguments, change)
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
    return value

"""The texts within a JSON value: strings, and numbers as they are written; and its keys."""

from collections.abc import Iterator
from typing import Any


def leaves(value: Any) -> Iterator[str]:
    """Yield the strings and numbers of a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)
    elif _is_number(value):
        yield str(value)


def keys(value: Any) -> Iterator[str]:
    """Yield the keys of a JSON value and all within it, in order."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from keys(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from keys(each)


def rebuilt(value: Any, texts: Iterator[str]) -> Any:
    """Return the JSON value with other leaves; a number whose text is another becomes that text."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {key: rebuilt(each, texts) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rebuilt(each, texts) for each in value]
    if _is_number(value):
        text = next(texts)
        return value if text == str(value) else text
    return value


def renamed(value: Any, names: Iterator[str]) -> Any:
    """Return the JSON value with other keys; those that would be the same are numbered."""
    if isinstance(value, dict):
        changed: dict[str, Any] = {}
        for each in value.values():
            name = _unused(next(names), changed)
            changed[name] = renamed(each, names)
        return changed
    if isinstance(value, list | tuple):
        return [renamed(each, names) for each in value]
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unused(name: str, taken: dict[str, Any]) -> str:
    number = 1
    unused = name
    while unused in taken:
        number += 1
        unused = f"{name} {number}"
    return unused

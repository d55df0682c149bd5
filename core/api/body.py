"""Bodies, decoded strictly: what another parser could read otherwise is refused."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from core.errors import InvalidRequest, UnsupportedMediaType

if TYPE_CHECKING:
    from litestar import Request

T = TypeVar("T")

MAX_DEPTH = 64
"""Levels of nesting; a JSON schema for tools needs some twenty."""
LARGE = 65_536
"""Bytes from which a body is decoded off the event loop."""

_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{\]}]', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# `re` passes text forty times as fast by an expression that begins with one set.
_LONG_NUMBER = re.compile(rb"[0-9][0-9]{18}")
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"Object missing required field `(?P<name>.*)`$")


async def decode(body: bytes, kind: type[T]) -> T:
    """Decode a JSON body as `kind`; raise `InvalidRequest` that names the parameter."""
    if len(body) >= LARGE:
        return await asyncio.to_thread(_decode, body, kind)
    return _decode(body, kind)


async def read_json(request: "Request[Any, Any, Any]", kind: type[T]) -> T:
    """Read the JSON body of a request to a plugin's own endpoint, as strictly as all others.

    Raises `UnsupportedMediaType`, `InvalidRequest`.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise UnsupportedMediaType("send the body with 'content-type: application/json'")
    return await decode(await request.body(), kind)


def _decode(body: bytes, kind: type[T]) -> T:
    if not body:
        raise InvalidRequest("the body is empty: send a JSON object")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not valid UTF-8 (byte {error.start})") from None
    _check_depth(body)
    try:
        (_LONG_CHECK if _LONG_NUMBER.search(body) else _CHECK).decode(text)
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), kind) from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"the body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except msgspec.DecodeError as error:
        if _SURROGATE.search(body):
            raise InvalidRequest("the body has a lone surrogate such as \\ud800") from None
        raise InvalidRequest(f"the body is not valid JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None


def _check_depth(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for match in _TOKENS.finditer(body):
        token = match[0]
        if token in b"{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
        elif token in b"}]":
            depth -= 1


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"the body is nested more than {MAX_DEPTH} levels deep")


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                name = key[:64].encode(errors="replace").decode()
                raise InvalidRequest(f"the key '{name}' stands twice in one object", param=name)
            seen.add(key)


def _not_json(name: str) -> NoReturn:
    raise InvalidRequest(f"the body is not valid JSON: {name} is no JSON number")


def _int64(digits: str) -> None:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise InvalidRequest("the body has an integer that does not fit 64 bits")


# Made once: making one takes as long as checking a short body with it.
_CHECK = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_json)
_LONG_CHECK = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_not_json, parse_int=_int64
)


def _invalid(message: str, kind: Any) -> InvalidRequest:
    at = _AT.search(message)
    path = at["path"] if at else ""
    text = message[: at.start()] if at else message
    if missing := _NAMED.match(text):
        param = f"{path}.{missing['name']}" if path else missing["name"]
        return InvalidRequest(f"{param} is required", param=param)
    if text.startswith("Invalid enum value") and (choices := _choices(kind, path)):
        text = f"expected one of {', '.join(map(repr, choices))}"
    text = text[:1].lower() + text[1:].replace("`", "'")
    return InvalidRequest(f"{path}: {text}" if path else text, param=path or None)


def _choices(kind: Any, path: str) -> list[Any]:
    """Return the values that are allowed at a path such as `messages[0].role`."""
    types = [msgspec.inspect.type_info(kind)]
    for name in [*re.sub(r"\[[^\]]*\]", "", path).split("."), None]:
        types = list(_unpacked(types))
        if name is not None:
            structs = [each for each in types if isinstance(each, msgspec.inspect.StructType)]
            fields = [field for struct in structs for field in struct.fields]
            types = [field.type for field in fields if field.encode_name == name]
    literals = [each for each in types if isinstance(each, msgspec.inspect.LiteralType)]
    return [value for literal in literals for value in literal.values]


def _unpacked(types: list[Any]) -> Iterator[Any]:
    """Yield the types with unions and lists taken apart."""
    for each in types:
        if isinstance(each, msgspec.inspect.UnionType):
            yield from _unpacked(list(each.types))
        elif isinstance(each, msgspec.inspect.ListType):
            yield from _unpacked([each.item_type])
        elif isinstance(each, msgspec.inspect.Metadata):
            yield from _unpacked([each.type])
        else:
            yield each

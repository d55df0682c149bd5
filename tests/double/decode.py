"""Request bodies as Go's `encoding/json` reads them, with its error texts.

Keys match without regard to case, the last duplicate wins, unknown keys are ignored, only the
first JSON value counts, and a wrong type is reported in Go's words.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.double.go import FOREVER, parse_duration, quote


class DecodeError(ValueError):
    """The body can't be read; the text is Go's."""


class EmptyError(DecodeError):
    """There is no body at all."""


class _Object(list[tuple[str, Any]]):
    """A JSON object with its keys in order, duplicates included."""


Reader = Callable[[Any, "_Path"], Any]


@dataclass(frozen=True, slots=True)
class _Path:
    """Where a value stands: the struct's name and the keys that lead to it."""

    struct: str
    keys: tuple[str, ...] = ()

    def refuse(self, value: Any, go_type: str) -> NoReturn:
        """Raise Go's error for a value of the wrong type."""
        place = f"{self.struct}.{'.'.join(self.keys)}"
        field_text = f"Go struct field {place}" if self.keys else "Go value"
        raise DecodeError(
            f"json: cannot unmarshal {_kind(value)} into {field_text} of type {go_type}"
        )


@dataclass(frozen=True, slots=True)
class Struct:
    """A Go struct: `fields` maps JSON keys to readers. `own` marks its own `UnmarshalJSON`."""

    name: str
    fields: dict[str, Reader]
    go_type: str = ""
    own: bool = False
    _folded: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._folded.update({key.lower(): key for key in self.fields})

    def __call__(self, value: Any, path: _Path) -> dict[str, Any] | None:
        """Read an object; `None` for null."""
        if value is None:
            return None
        if not isinstance(value, _Object):
            path.refuse(value, self.go_type or self.name)
        struct = path.struct if self.own else self.name
        answer: dict[str, Any] = {}
        for key, item in value:
            known = key if key in self.fields else self._folded.get(key.lower())
            if known is not None:
                read = self.fields[known](item, _Path(struct, (*path.keys, known)))
                if item is not None or read is not None:
                    answer[known] = read
        return answer


def decode(body: bytes, struct: Struct) -> dict[str, Any]:
    """Read the body's first JSON value; raise `EmptyError` or `DecodeError`."""
    text = body.decode(errors="replace").lstrip(" \t\r\n")
    if not text:
        raise EmptyError("EOF")
    decoder = json.JSONDecoder(object_pairs_hook=_Object, parse_constant=_no_constant)
    try:
        value, _ = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        raise DecodeError(_syntax(error)) from None
    except RecursionError:
        raise DecodeError("exceeded max depth") from None
    return struct(value, _Path(struct.name)) or {}


def plain(value: Any) -> Any:
    """Turn decoded objects into dictionaries, the last duplicate winning."""
    if isinstance(value, _Object):
        return {key: plain(item) for key, item in value}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def anything(value: Any, path: _Path) -> Any:
    """Read a value of any type (`any`, `json.RawMessage`)."""
    return plain(value)


def scalar(python: type, go_type: str) -> Reader:
    """Make a reader for one JSON type."""

    def read(value: Any, path: _Path) -> Any:
        if value is None:
            return None
        wrong_bool = isinstance(value, bool) and python is not bool
        accepted = (int, float) if python is float else python
        if wrong_bool or not isinstance(value, accepted):
            path.refuse(value, go_type)
        return value

    return read


text = scalar(str, "string")
integer = scalar(int, "int")
boolean = scalar(bool, "bool")
number = scalar(float, "float64")
number32 = scalar(float, "float32")


def list_of(read: Reader, go_type: str) -> Reader:
    """Make a reader for a list."""

    def read_list(value: Any, path: _Path) -> Any:
        if value is None:
            return None
        if isinstance(value, _Object) or not isinstance(value, list):
            path.refuse(value, f"[]{go_type}")
        return [read(item, path) for item in value]

    return read_list


def mapping(value: Any, path: _Path) -> Any:
    """Read an object with free keys (`map[string]any`)."""
    if value is not None and not isinstance(value, _Object):
        path.refuse(value, "map[string]interface {}")
    return plain(value)


def data(value: Any, path: _Path) -> Any:
    """Read base64 bytes (an image)."""
    if value is None:
        return None
    if not isinstance(value, str):
        path.refuse(value, "api.ImageData")
    packed = value.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error:
        raise DecodeError(f"illegal base64 data at input byte {_bad_base64(packed)}") from None


def duration(value: Any, path: _Path) -> int | None:
    """Read `keep_alive` as nanoseconds; a negative one means for ever."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        names = {bool: "bool", _Object: "map[string]interface {}", list: "[]interface {}"}
        raise DecodeError(f"Unsupported type: '{names[type(value)]}'")
    try:
        span = parse_duration(value) if isinstance(value, str) else int(value * 10**9)
    except ValueError as error:
        raise DecodeError(str(error)) from None
    return FOREVER if span < 0 else min(span, FOREVER)


def think(value: Any, path: _Path) -> bool | str | None:
    """Read `think`: a boolean or a level."""
    levels = '"high", "medium", "low", "max", true, or false'
    if isinstance(value, str) and value not in ("high", "medium", "low", "max"):
        raise DecodeError(f"invalid think value: {quote(value)} (must be {levels})")
    if value is not None and not isinstance(value, bool | str):
        raise DecodeError(f"think must be a boolean or string ({levels})")
    return value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {json.dumps(value)}" if isinstance(value, float) else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, _Object) else "array"


def _no_constant(name: str) -> NoReturn:
    raise DecodeError(f"invalid character '{name[0]}' looking for beginning of value")


def _syntax(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc) or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    character = json.dumps(error.doc[error.pos], ensure_ascii=False)[1:-1].replace("'", "\\'")
    if error.msg.startswith("Expecting property name"):
        where = "looking for beginning of object key string"
    elif error.msg.startswith("Expecting ':'"):
        where = "after object key"
    elif error.msg.startswith("Expecting ','"):
        where = "after object key:value pair" if _in_object(error) else "after array element"
    elif error.msg.startswith("Invalid control character"):
        where = "in string literal"
    elif error.msg.startswith("Invalid \\"):
        escaped = error.doc[error.pos + 1 : error.pos + 2]
        return f"invalid character '{escaped}' in string escape code"
    else:
        where = "looking for beginning of value"
    return f"invalid character '{character}' {where}"


def _in_object(error: json.JSONDecodeError) -> bool:
    stack: list[str] = []
    quoted = escaped = False
    for character in error.doc[: error.pos]:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append(character)
        elif character in "}]":
            stack.pop()
    return stack[-1:] == ["{"]


def _bad_base64(packed: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = packed.rstrip("=") if len(packed) % 4 == 0 else packed
    wrong = (index for index, character in enumerate(body) if character not in alphabet)
    return next(wrong, len(body) - len(body) % 4)

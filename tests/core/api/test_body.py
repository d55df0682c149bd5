"""Bodies are read strictly, and what is accepted is read as every other parser reads it."""

import contextlib
import json
import math
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from litestar import Litestar, Request, Response, post
from litestar.testing import AsyncTestClient
from msgspec import Meta, Struct

from core.api.body import LARGE, MAX_DEPTH, decode, read_json
from core.errors import InvalidRequest, UnsupportedMediaType


class _Inner(Struct):
    size: Annotated[int, Meta(ge=1)]


class _Body(Struct):
    name: str
    items: list[_Inner] = []


async def _refusal(body: bytes, kind: type = dict) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        await decode(body, kind)
    return caught.value


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


@settings(max_examples=75, deadline=None)
@given(st.dictionaries(st.text(max_size=8), values), st.booleans(), st.sampled_from([None, 2]))
@example({"a": -(2**63), "b": 2**63 - 1, "c": -0.0, "d": 5e-324, "e": "\u0085\u2028😀"}, True, None)
async def test_objects_are_read_as_pythons_own_parser_reads_them(
    value: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    """Every JSON object of 64-bit integers, floats and text is read as `json.loads` reads it."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert await decode(text.encode(), dict) == json.loads(text)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200) | st.text('{}[]",:0123456789.eE+-\\u tfn', max_size=60).map(str.encode)
)
async def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Whatever the bytes, the body is an object or an `InvalidRequest`."""
    with contextlib.suppress(InvalidRequest):
        assert isinstance(await decode(body, dict), dict)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"   ", "Expecting value"),
        (b"{", "not valid JSON"),
        (b'{"a": 1} {"a": 2}', "Extra data"),
        (b'{"a": 1}x', "Extra data"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1,}', "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": "\xff"}', "UTF-8 (byte 7)"),
        (b'{"a": "\xed\xa0\x80"}', "UTF-8"),
        (b'{"a": "\xc0\xaf"}', "UTF-8"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": Infinity}', "Infinity is no JSON number"),
        (b'{"a": [-Infinity]}', "-Infinity is no JSON number"),
        (b'{"a": 1e999}', "out of range"),
        (b'{"a": 9223372036854775808}', "64 bits"),
        (b'{"a": -9223372036854775809}', "64 bits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": 0x1}', "not valid JSON"),
        (b'{"a": "\n"}', "control character"),
        (b"[]", "expected 'object', got 'array'"),
        (b'"text"', "expected 'object', got 'str'"),
        (b"null", "expected 'object', got 'null'"),
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(body: bytes, says: str) -> None:
    """A body that is no single plain JSON object is a 400 that says what is wrong."""
    error = await _refusal(body)
    assert says in error.message
    assert (error.status, error.type) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"model": "a", "model": "b"}', "model"),
        (b'{"x": {"k": 1, "j": 2, "k": 1}}', "k"),
        (b'{"x": [[{"k": 1, "k": null}]]}', "k"),
        (b'{"model": "a", "mod\\u0065l": "b"}', "model"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "?"),
    ],
)
async def test_a_key_that_stands_twice_is_refused(body: bytes, key: str) -> None:
    """Duplicate keys are refused at every depth, however they are spelled."""
    error = await _refusal(body)
    assert error.message == f"the key '{key}' stands twice in one object"
    assert error.param == key


async def test_the_same_key_in_different_objects_is_fine() -> None:
    """Only keys of one object must differ."""
    body = {"k": {"k": 1}, "list": [{"k": 1}, {"k": 2}]}
    assert await decode(json.dumps(body).encode(), dict) == body


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[{"a":', "}]")])
async def test_depth_is_bounded_exactly(opening: str, closing: str) -> None:
    """`MAX_DEPTH` levels pass and one more is refused, for objects, arrays and both."""
    levels = opening.count("{") + opening.count("[")
    times = MAX_DEPTH // levels
    fits = opening * times + "1" + closing * times
    assert await decode(fits.encode(), Any) == json.loads(fits)
    error = await _refusal(f"[{fits}]".encode(), list)
    assert error.message == f"the body is nested more than {MAX_DEPTH} levels deep"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a": "' + b"[" * 100])
async def test_endless_nesting_is_refused_cheaply(body: bytes) -> None:
    """Brackets without an end do not exhaust the stack."""
    await _refusal(body)


async def test_brackets_in_texts_are_no_depth() -> None:
    """Brackets, quotes and backslashes inside a text do not count as nesting."""
    body = {"code": "[{" * 200, "quoted": '\\"[{' * 100, "list": [[]] * 100}
    assert await decode(json.dumps(body).encode(), dict) == body


async def test_a_large_body_is_read_the_same() -> None:
    """A body that is decoded off the event loop obeys the same rules."""
    filler = "x" * LARGE
    assert await decode(json.dumps({"a": filler}).encode(), dict) == {"a": filler}
    error = await _refusal(f'{{"a": "{filler}", "a": 1}}'.encode())
    assert error.param == "a"


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        (b"{}", "name is required", "name"),
        (b'{"name": 1}', "name: expected 'str', got 'int'", "name"),
        (b'{"name": "n", "items": {}}', "items: expected 'array', got 'object'", "items"),
        (b'{"name": "n", "items": [{}]}', "items[0].size is required", "items[0].size"),
        (
            b'{"name": "n", "items": [{"size": 0}]}',
            "items[0].size: expected 'int' >= 1",
            "items[0].size",
        ),
    ],
)
async def test_a_wrong_value_is_named(body: bytes, message: str, param: str) -> None:
    """A value of the wrong type, or a missing one, is named by its path."""
    error = await _refusal(body, _Body)
    assert (error.message, error.param) == (message, param)


async def test_unknown_and_differently_cased_keys_do_not_count() -> None:
    """`Name` is not `name`, so what is checked is what is used."""
    assert await decode(b'{"name": "a", "Name": "b", "NAME": "c"}', _Body) == _Body("a")


async def test_negative_zero_and_small_floats_keep_their_value() -> None:
    """Floats at the edges are read exactly."""
    read = await decode(b'{"a": -0.0, "b": 1e-400, "c": 0.1}', dict)
    assert math.copysign(1, read["a"]) == -1
    assert (read["b"], read["c"]) == (0.0, 0.1)


@post("/read")
async def _read(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Read a body as a plugin's endpoint does."""
    return Response(msgspec.json.encode(await read_json(request, _Body)), status_code=200)


@pytest.mark.parametrize(
    ("kind", "body", "refusal"),
    [
        ("application/json", b'{"name": "x", "items": [{"size": 1}]}', None),
        ("application/json; charset=utf-8", b'{"name": "x"}', None),
        ("text/plain", b'{"name": "x"}', UnsupportedMediaType),
        ("", b'{"name": "x"}', UnsupportedMediaType),
        ("application/json", b'{"name": 1}', InvalidRequest),
        ("application/json", b'{"name": "x", "name": "y"}', InvalidRequest),
        ("application/json", b"", InvalidRequest),
    ],
)
async def test_a_plugins_endpoint_reads_as_strictly(
    kind: str, body: bytes, refusal: type[Exception] | None
) -> None:
    """`read_json` wants a declared JSON body, and reads it like those of the core's endpoints."""
    caught: list[Exception] = []

    def note(_: Any, error: Exception) -> Response[bytes]:
        caught.append(error)
        return Response(b"", status_code=400)

    app = Litestar([_read], exception_handlers={Exception: note}, openapi_config=None)
    async with AsyncTestClient(app) as client:
        answer = await client.post("/read", content=body, headers={"content-type": kind})
    assert [type(error) for error in caught] == ([refusal] if refusal else [])
    assert answer.status_code == (400 if refusal else 200)

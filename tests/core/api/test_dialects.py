"""Errors in the two dialects, and JSON that survives clients which split lines anywhere."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api.dialects import (
    JSON,
    STREAM,
    ascii_json,
    dialect_of,
    error_body,
    error_event,
    send_error,
)
from core.errors import Forbidden, InternalError, InvalidRequest, Unavailable
from core.messages import Dialect

ERROR = InvalidRequest("n is wrong\u0085 – really", param="n", code="bad_n")


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1", "openai"),
        ("/v1/chat/completions", "openai"),
        ("/v1/unknown", "openai"),
        ("/v10/models", "ollama"),
        ("/api/chat", "ollama"),
        ("/", "ollama"),
        ("/health", "ollama"),
        ("/api/v1/x", "ollama"),
    ],
)
def test_the_path_tells_the_dialect(path: str, dialect: Dialect) -> None:
    """`/v1` and what is below speaks OpenAI's dialect, all else Ollama's."""
    assert dialect_of(path) == dialect


def test_openai_clients_get_an_object_with_four_keys() -> None:
    """All of message, type, param and code are there, null where there is nothing to say."""
    assert json.loads(error_body(ERROR, "openai")) == {
        "error": {
            "message": ERROR.message,
            "type": "invalid_request_error",
            "param": "n",
            "code": "bad_n",
        }
    }
    bare = json.loads(error_body(InternalError("failed"), "openai"))["error"]
    assert bare == {"message": "failed", "type": "server_error", "param": None, "code": None}


def test_ollama_clients_get_a_text() -> None:
    """The error is a string, because ollama's client fails on an object."""
    body = error_body(ERROR, "ollama")
    assert json.loads(body) == {"error": ERROR.message}
    assert body.isascii()


def test_an_error_in_a_stream_is_one_event() -> None:
    """Events of both dialects are one line, and OpenAI's is no `[DONE]`."""
    event = error_event(ERROR, "openai")
    assert event.startswith(b"data: {")
    assert event.endswith(b"}\n\n")
    assert event.count(b"\n") == 2
    assert b"[DONE]" not in event
    line = error_event(Forbidden("no"), "ollama")
    assert line == b'{"error":"no"}\n'


def test_content_types_are_those_that_clients_look_for() -> None:
    """Each dialect has its own type for whole answers and for streams."""
    assert JSON["openai"] == b"application/json"
    assert STREAM["openai"].startswith(b"text/event-stream")
    assert STREAM["ollama"] == b"application/x-ndjson"


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=10,
    )
)
def test_ascii_json_means_the_same_on_one_line(value: Any) -> None:
    """Any value is written as one line of ASCII that reads back as it was."""
    written = ascii_json(value)
    assert json.loads(written) == value
    assert written.isascii()
    assert len(written.splitlines()) == 1


@pytest.mark.parametrize("character", ["\u0085", "\u2028", "\u2029", "😀", "\x1c", "\x0b", "\n"])
def test_characters_at_which_clients_split_lines_are_escaped(character: str) -> None:
    """Text with any line separator of Unicode's stays one line for `str.splitlines`."""
    written = ascii_json({"content": f"a{character}b"}).decode()
    assert len(written.splitlines()) == 1
    assert json.loads(written)["content"] == f"a{character}b"


@pytest.mark.parametrize("path", ["/v1/models", "/api/tags"])
async def test_an_error_can_be_sent_outside_of_any_route(path: str) -> None:
    """It has its status, the headers that it asks for, and a body in the caller's dialect."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    error = Unavailable("come again", retry_after=2)
    await send_error(error, {"path": path}, send)
    head, body = sent
    headers = dict(head["headers"])
    assert (head["status"], headers[b"retry-after"]) == (503, b"2")
    assert headers[b"content-type"] == JSON[dialect_of(path)]
    assert headers[b"content-length"] == b"%d" % len(body["body"])
    assert body["body"] == error_body(error, dialect_of(path))

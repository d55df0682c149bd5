"""What goes out over HTTP, as those see it who watch requests."""

from typing import Any

import pytest

from core.errors import InvalidRequest, Unavailable
from core.response import KEY, Response, note, response_of

START = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}


def _body(*, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": b"x", "more_body": more}


async def test_it_knows_how_far_an_answer_has_come() -> None:
    """The status is known with the head, the end with the last piece; all is passed on."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    response = Response("req_1", send)
    states = []
    for message in (dict(START), _body(more=True), _body(more=False)):
        states.append((response.started, response.status, response.is_whole))
        await response.send(message)
    states.append((response.started, response.status, response.is_whole))
    assert states == [
        (False, 0, False),
        (True, 200, False),
        (True, 200, False),
        (True, 200, True),
    ]
    await response.send({"type": "http.response.trailers", "headers": []})
    assert sent[0]["headers"] == [(b"a", b"b"), (b"x-request-id", b"req_1")]
    assert [each["type"].rpartition(".")[2] for each in sent] == [
        "start",
        "body",
        "body",
        "trailers",
    ]


async def test_an_end_that_was_not_sent_is_none() -> None:
    """Where the server can't take the last piece, the answer is not whole."""

    async def broken(message: Any) -> None:
        raise OSError("gone")

    response = Response("req_1", broken)
    with pytest.raises(OSError, match="gone"):
        await response.send(_body(more=False))
    assert not response.is_whole


async def test_the_last_error_is_known_by_class_and_code() -> None:
    """What was answered as an error is noted without its text; without an answer it is left."""

    async def send(message: Any) -> None:
        raise AssertionError("nothing is sent here")

    scope = {KEY: Response("req_1", send)}
    note(InvalidRequest("secret text", code="content_filter"), scope)
    response = response_of(scope)
    assert (response.error, response.code) == ("InvalidRequest", "content_filter")
    note(Unavailable("later"), scope)
    assert (response.error, response.code) == ("Unavailable", "")
    note(Unavailable("later"), {})

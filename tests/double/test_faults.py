"""Every fault, seen from the other end of the wire."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.double import HELLO, Fault, OllamaDouble, Script, faults

TEXT = "".join(HELLO)


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Chat with the smallest model."""
    messages = [{"role": "user", "content": "Hi"}]
    return await http.post("/api/chat", json={"model": "tiny", "messages": messages, **request})


async def stream(double: OllamaDouble, fault: Fault, path: str = "/api/chat") -> list[bytes]:
    """Send a streamed chat by hand and collect what each read brings, the errors as text."""
    double.script(Script(fault=fault))
    body = b'{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"stream":true}'
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    reads = []
    try:
        while read := await reader.read(65_536):
            reads.append(read)
    except ConnectionResetError:
        reads.append(b"RESET")
    finally:
        writer.close()
    return reads


def contents(body: bytes) -> str:
    """Join the contents of NDJSON objects."""
    return "".join(json.loads(line)["message"]["content"] for line in body.splitlines())


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (faults.context_overflow(), 400, "exceed_context_size_error"),
        (faults.no_embeddings(), 501, "not_supported_error"),
        (faults.runner_status(429, "x", "y"), 429, "x"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
async def test_runner_errors_are_json_in_a_text(
    fault: Fault,
    status: int,
    kind: str,
    streamed: bool,
    double: OllamaDouble,
    http: httpx.AsyncClient,
) -> None:
    """A runner's error keeps its status, and its JSON is the text of Ollama's error."""
    double.script(Script(fault=fault))
    answer = await ask(http, stream=streamed)
    assert answer.status_code == status
    assert json.loads(answer.json()["error"])["error"]["type"] == kind
    expected = "application/json" if streamed else "application/json; charset=utf-8"
    assert answer.headers["content-type"] == expected


def test_the_overflow_has_the_runners_bytes() -> None:
    """The context overflow is exactly the runner's object."""
    assert faults.context_overflow().text == (
        '{"error":{"code":400,"message":"request (40000 tokens) exceeds the available context '
        'size (32768 tokens), try increasing it","type":"exceed_context_size_error",'
        '"n_prompt_tokens":40000,"n_ctx":32768}}'
    )


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        (faults.busy(), 503, "server busy, please try again.  maximum"),
        (faults.runner_gone(), 500, "model runner has unexpectedly stopped"),
    ],
)
async def test_plain_errors(
    fault: Fault, status: int, start: str, double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A full queue and a dead runner are error statuses, at any endpoint."""
    double.fail(fault, "/api/tags")
    assert (await http.get("/api/version")).status_code == 200
    answer = await http.get("/api/tags")
    assert (answer.status_code, answer.json()["error"][: len(start)]) == (status, start)
    assert (await http.get("/api/tags")).status_code == 200


async def test_replies_of_a_proxy(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """An HTML 502 and a redirect replace the answer."""
    double.script(
        Script(fault=faults.bad_gateway()), Script(fault=faults.redirect("http://x/", 302))
    )
    bad = await ask(http)
    assert (bad.status_code, bad.headers["content-type"]) == (502, "text/html")
    away = await ask(http)
    assert (away.status_code, away.headers["location"]) == (302, "http://x/")


async def test_an_error_line_ends_the_stream(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """After the first token an error is a line, before it a 500, and without a stream a 500."""
    double.script(*[Script(fault=faults.ErrorLine(after)) for after in (2, 0, 2, 99)])
    late = await ask(http)
    assert (late.status_code, len(late.content.splitlines())) == (200, 3)
    assert late.content.endswith(
        b'{"error":"an error was encountered while running the model: unexpected EOF"}\n'
    )
    early = await ask(http)
    assert (early.status_code, early.headers["content-type"]) == (500, "application/json")
    plain = await ask(http, stream=False)
    assert (plain.status_code, list(plain.json())) == (500, ["error"])
    assert len((await ask(http)).content.splitlines()) == len(HELLO) + 1


async def test_a_stream_may_end_without_done(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A body may end properly and yet lack its last object."""
    double.script(*[Script(fault=faults.EndWithoutDone(after)) for after in (3, None, 3)])
    assert contents((await ask(http)).content) == "".join(HELLO[:3])
    whole = (await ask(http)).content
    assert (contents(whole), b'"done":true' in whole) == (TEXT, False)
    plain = (await ask(http, stream=False)).json()
    assert (plain["done"], plain["message"]["content"]) == (False, "".join(HELLO[:3]))


async def test_an_unclean_end_lacks_the_last_chunk(double: OllamaDouble) -> None:
    """A body may also end in the middle of its chunks."""
    body = b"".join(await stream(double, faults.EndWithoutDone(2, clean=False)))
    assert body.count(b'"done":false') == 2
    assert not body.endswith(b"0\r\n\r\n")


async def test_a_reset_cuts_a_line(double: OllamaDouble) -> None:
    """A reset comes after half of a line."""
    *reads, last = await stream(double, faults.Reset(2))
    assert last == b"RESET"
    body = b"".join(reads)
    assert (body.count(b'{"model"'), body.count(b'"done":false')) == (3, 2)


async def test_a_reset_before_the_headers(double: OllamaDouble) -> None:
    """A reset may come before any byte."""
    assert await stream(double, faults.Reset(None)) == [b"RESET"]


async def test_a_stall_is_silent_until_it_ends(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A stalled answer goes on when told to."""
    until = asyncio.Event()
    double.script(
        Script(fault=faults.Stall(until=until)), Script(fault=faults.Stall(2, until=until))
    )
    for index in range(2):
        until.clear()
        task = asyncio.create_task(ask(http))
        received = (await double.wait_for(2 * index + 1))[-1]
        if index:
            await received.started.wait()
        await http.get("/")
        assert (received.status, received.tokens_sent) == ((200, 2) if index else (0, 0))
        until.set()
        assert contents((await task).content) == TEXT


async def test_split_writes_keep_the_bytes(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """An answer in tiny writes is the same answer."""
    double.script(Script(fault=faults.Split(5)))
    assert contents((await ask(http)).content) == TEXT


async def test_slow_loris_sends_byte_by_byte(double: OllamaDouble) -> None:
    """Each read of a slow-loris answer brings very little."""
    double.answer = lambda received: Script(tokens=[])
    reads = await stream(double, faults.slow_loris(0.0005))
    assert len(reads) > 100


async def test_coalesced_objects_share_a_write(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """Several objects arrive at once, and all arrive."""
    gate = asyncio.Event()
    double.script(Script(fault=faults.Coalesce(3), gate=gate, gate_at=2))
    task = asyncio.create_task(ask(http))
    (received,) = await double.wait_for(1)
    await received.started.wait()
    assert not task.done()
    gate.set()
    assert contents((await task).content) == TEXT


async def test_a_wrong_content_type(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """The right body may stand under a wrong type."""
    double.script(Script(fault=faults.ContentType("text/html")))
    answer = await ask(http)
    assert (answer.headers["content-type"], contents(answer.content)) == ("text/html", TEXT)


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_compressed_body(
    streamed: bool, double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A body may be compressed without having been asked."""
    double.script(Script(fault=faults.Gzip()))
    answer = await ask(http, stream=streamed)
    assert answer.headers["content-encoding"] == "gzip"
    assert contents(answer.content) == TEXT


async def test_raw_lines_are_sent_as_they_are(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A blank, a broken or a very long line may stand between the objects."""
    double.script(
        Script(fault=faults.RawLine(b"\n{broken\n", after=1)),
        Script(fault=faults.long_line("tiny", 200_000)),
    )
    assert (await ask(http)).content.splitlines()[1:3] == [b"", b"{broken"]
    first, second = (await ask(http)).content.splitlines()[:2]
    assert len(first) > 200_000
    assert json.loads(first)["done"] is False
    assert len(second) < 200


async def test_a_next_line_character_is_raw(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """U+0085 leaves raw, as Go leaves it, and U+2028 as an escape."""
    double.script(Script(tokens=["a\u0085b\u2028"]))
    first = (await ask(http)).content.split(b"\n")[0]
    assert b'"content":"a\xc2\x85b\\u2028"' in first


async def test_v1_swallows_a_late_error(double: OllamaDouble) -> None:
    """In a `/v1` stream an error is an empty chunk without a model, then the end."""
    body = b"".join(await stream(double, faults.ErrorLine(1), "/v1/chat/completions"))
    assert body.count(b"data: ") == 2
    assert b'"model":""' in body
    assert b"[DONE]" not in body

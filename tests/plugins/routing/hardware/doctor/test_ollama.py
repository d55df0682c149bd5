"""What the Ollamas say of themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from plugins.routing.hardware.doctor.ollama import Ollama, Running, ask_all


@asynccontextmanager
async def answering(version: Any, ps: Any) -> AsyncIterator[str]:
    """Serve these two answers; yield the base URL."""

    async def answer(request: web.Request) -> web.Response:
        said = version if request.path == "/api/version" else ps
        if isinstance(said, bytes):
            return web.Response(body=said)
        return web.json_response(said)

    app = web.Application()
    app.router.add_get("/api/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_version_and_models_are_asked_for() -> None:
    """Both are known of a host that answers, in the order of the settings."""
    ps = {
        "models": [
            {"name": "llama3.2:latest", "size": 5, "size_vram": 3, "context_length": 4096},
            {"name": "bare"},
        ]
    }
    async with answering({"version": "0.33.0"}, ps) as url:
        away, found = await ask_all(["http://127.0.0.1:9", f"{url}/"])
    assert (away.answers, away.is_local, away.port) == (False, True, 9)
    assert found == Ollama(
        url=url,
        port=int(url.rpartition(":")[2]),
        answers=True,
        version_text="0.33.0",
        loaded=[
            Running(name="llama3.2:latest", size=5, size_vram=3, context=4096),
            Running(name="bare"),
        ],
    )
    assert found.version == (0, 33, 0)


async def test_what_is_no_ollama_is_no_ollama() -> None:
    """An answer of another form is none; models of another form are left out."""
    async with answering(b"<html>", b"") as url:
        assert not (await ask_all([url]))[0].answers
    others: list[Any] = [b"no json", [], {"models": 3}, {"models": [1, None]}]
    for ps in others:
        async with answering({"version": None}, ps) as url:
            (found,) = await ask_all([url])
        assert (found.answers, found.version_text, found.version) == (True, "", None)
        assert found.loaded == []


async def test_texts_may_stand_on_a_terminal() -> None:
    """Nothing of a host's answer moves the cursor, and counts are counts."""
    ps = {"models": [{"name": "a\x1b[2Jb", "size": -1, "size_vram": "x", "context_length": True}]}
    async with answering({"version": "1\x07.2"}, ps) as url:
        (found,) = await ask_all([url])
    assert found.version_text == "1.2"
    assert found.loaded[0].name == "a[2Jb"
    assert found.loaded[0].size == 0


async def test_a_password_is_not_shown() -> None:
    """An address is told without who logs in there, and with the port that its scheme has."""
    ollamas = await ask_all(["http://me:secret@127.0.0.1:9", "https://192.0.2.1"])
    assert [each.url for each in ollamas] == ["http://127.0.0.1:9", "https://192.0.2.1"]
    assert (ollamas[1].port, ollamas[1].is_local) == (443, False)

"""The server: a socket that is really had, an end that lets answers finish, nothing left over."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from core.config import Server as ServerSettings
from core.config import parse
from core.errors import SettingsError
from core.server import Server, bind, serve, started
from tests.double import OllamaDouble, Script
from tests.support import Router, toml_for

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


def test_a_port_that_is_taken_is_told() -> None:
    """The error names the address, and how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"can't listen on 127\.0\.0\.1:{port}.*--port"):
            bind(ServerSettings(port=port))


def test_an_address_of_another_machine_is_told() -> None:
    """An address that this machine does not have is a clear error."""
    with pytest.raises(SettingsError, match=r"can't listen on 192\.0\.2\.1:0"):
        bind(ServerSettings(host="192.0.2.1", port=0))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_the_url_is_where_it_answers(host: str, double: OllamaDouble, tmp_path: Path) -> None:
    """Port 0 takes a free one, and IPv6 addresses are bracketed."""
    toml = toml_for(double.url, more=f'[server]\nport = 0\nhost = "{host}"')
    async with started(parse(toml, tmp_path / "localai.toml")) as server:
        task = asyncio.create_task(server.serve(sockets=[server.socket]))
        url = server.url
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{url}/health/live")
        server.leave("test")
        await task
    assert answer.status_code == 200
    assert f"//{'[::1]' if ':' in host else host}:" in url


async def test_a_failed_start_leaves_no_socket(double: OllamaDouble, tmp_path: Path) -> None:
    """When the gateway can't start, the port is free again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    toml = toml_for(double.url, "nonsense", f"[server]\nport = {port}")
    with pytest.raises(SettingsError):
        async with started(parse(toml, tmp_path / "localai.toml")):
            pass
    bind(ServerSettings(port=port)).close()


async def test_a_running_answer_finishes_and_new_ones_are_refused(
    router: Router, double: OllamaDouble
) -> None:
    """The first signal drains: what runs ends well, what comes is a 503 with a delay."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=2))
    async with (
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
        http.stream("POST", "/api/chat", json=BODY) as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        router.server.handle_exit(signal.SIGTERM, None)
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/health/ready")).status_code == 503
        refused = await http.post("/v1/chat/completions", json=BODY)
        gate.set()
        *_, last = [line async for line in lines]
    assert '"done":true' in last
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "shutting_down"
    assert refused.headers["retry-after"]
    async with asyncio.timeout(5):
        await router.task


async def test_a_second_signal_ends_at_once(router: Router, double: OllamaDouble) -> None:
    """The second signal does not wait for answers."""
    double.script(Script(gate=asyncio.Event(), gate_at=1))
    async with (
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as http,
        http.stream("POST", "/api/chat", json=BODY) as answer,
    ):
        await anext(answer.aiter_raw())
        router.server.leave("one")
        router.server.leave("two")
        async with asyncio.timeout(5):
            await router.task


async def test_the_server_says_nothing_of_itself(router: Router) -> None:
    """No header names the software."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
        answer = await http.get("/api/version")
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


async def test_serve_ends_by_a_signal(
    double: OllamaDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`serve` runs until SIGTERM, and returns."""
    ready = asyncio.Event()
    startup = Server.startup

    async def noting(self: Server, sockets: list[socket.socket] | None = None) -> None:
        await startup(self, sockets)
        ready.set()

    monkeypatch.setattr(Server, "startup", noting)
    toml = toml_for(double.url, more="[server]\nport = 0\ndrain_timeout = 0.5")
    task = asyncio.create_task(serve(parse(toml, tmp_path / "localai.toml")))
    async with asyncio.timeout(10):
        await ready.wait()
        signal.raise_signal(signal.SIGTERM)
        await task

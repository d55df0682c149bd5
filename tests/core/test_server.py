"""The server: sockets that are really had, an end that lets answers finish, nothing left over."""

import asyncio
import signal
import socket
import stat
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from core.config import parse
from core.errors import SettingsError
from core.gateway import Gateway
from core.generation import build
from core.listen import Address, listening
from core.server import Server, serve, started
from tests.double import OllamaDouble, Script
from tests.support import Router, routing, toml_for

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


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
    with listening(Address(host="127.0.0.1", port=port)):
        pass


async def test_a_failed_admin_address_leaves_no_socket(tmp_path: Path) -> None:
    """When one of the two addresses can't be had, neither is kept."""
    with socket.socket() as taken, socket.socket() as probe:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        probe.bind(("127.0.0.1", 0))
        port, admin = probe.getsockname()[1], taken.getsockname()[1]
        probe.close()
        toml = f'[server]\nport = {port}\nadmin = "127.0.0.1:{admin}"'
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{admin}.* by \[server\] admin"):
            async with started(parse(toml, tmp_path / "localai.toml")):
                pass
    with listening(Address(host="127.0.0.1", port=port)):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_admin_has_its_own_port(host: str, double: OllamaDouble, tmp_path: Path) -> None:
    """/admin answers at the second address and not at the first; port 0 takes a free one."""
    more = f'[server]\nport = 0\nadmin = "{host}:0"'
    async with routing(toml_for(double.url, more=more), tmp_path) as router:
        url = router.server.admin_url
        assert url.startswith(f"http://{host}:")
        assert url != router.url
        async with httpx.AsyncClient(trust_env=False) as http:
            there = await http.post(f"{url}/admin/reload", json={})
            here = await http.post(f"{router.url}/admin/reload", json={})
            model = await http.get(f"{url}/v1/models")
    assert (there.status_code, here.status_code, model.status_code) == (200, 404, 404)


async def test_an_admin_socket_is_gone_at_the_end(double: OllamaDouble, tmp_path: Path) -> None:
    """It is the owner's alone while the router runs, and nothing of it stays."""
    path = tmp_path / "admin.sock"
    more = '[server]\nport = 0\nadmin = "unix:admin.sock"'
    async with routing(toml_for(double.url, more=more), tmp_path) as router:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert router.server.admin_url == f"unix:{path}"
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            assert (await http.post("/admin/reload", json={})).status_code == 200
    assert not path.exists()


@pytest.mark.parametrize("admin", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8001"])
async def test_an_admin_address_for_all_needs_authentication(tmp_path: Path, admin: str) -> None:
    """What other machines can reach must ask who calls, as on the main address."""
    text = f'[server]\nport = 0\nadmin = "{admin}"\n'
    file = tmp_path / "localai.toml"
    with pytest.raises(SettingsError, match=r":3: \[server\] admin: .* add \"auth\" to \[chain\]"):
        build(Gateway(parse(text, file)), parse(text, file), 1, None)
    for more in ("allow_anonymous = true\n", '[chain]\nplugins = ["auth.static"]\n'):
        settings = parse(text + more, file)
        build(Gateway(settings), settings, 1, None)


async def test_another_admin_address_needs_a_restart(double: OllamaDouble, tmp_path: Path) -> None:
    """While the process runs, /admin stays where it is, and the log names the setting."""
    more = '[server]\nport = 0\nadmin = "unix:admin.sock"'
    async with routing(toml_for(double.url, more=more), tmp_path) as router:
        with capture_logs() as logs:
            await router.change('admin = "unix:admin.sock"', 'admin = ""')
        async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
            assert (await http.post("/admin/reload", json={})).status_code == 404
    named = [entry["setting"] for entry in logs if "restart" in entry["event"]]
    assert named == ["[server] admin"]


@pytest.mark.parametrize("admin", ["127.0.0.1:0", "unix:admin.sock"])
async def test_a_second_signal_ends_both_addresses(
    double: OllamaDouble, tmp_path: Path, admin: str
) -> None:
    """A connection to /admin that is in the middle of something holds nothing up."""
    more = f'[server]\nport = 0\ndrain_timeout = 60\nadmin = "{admin}"'
    async with routing(toml_for(double.url, more=more), tmp_path) as router:
        url = router.server.admin_url
        if url.startswith("unix:"):
            reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix:"))
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        head = b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n"
        writer.write(head + b"expect: 100-continue\r\n\r\n")
        async with asyncio.timeout(5):
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
            router.server.leave("one")
            router.server.leave("two")
            await router.task
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_both_addresses_drain(double: OllamaDouble, tmp_path: Path) -> None:
    """After a signal neither takes new requests, and connections to both end."""
    more = '[server]\nport = 0\ndrain_timeout = 5\nadmin = "127.0.0.1:0"'
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=2))
    async with (
        routing(toml_for(double.url, more=more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as main,
        httpx.AsyncClient(base_url=router.server.admin_url, trust_env=False) as admin,
        main.stream("POST", "/api/chat", json=BODY) as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        assert (await admin.post("/admin/reload", json={})).status_code == 200
        router.server.handle_exit(signal.SIGTERM, None)
        assert (await admin.get("/health/live")).status_code == 200
        assert (await admin.post("/admin/reload", json={})).status_code == 503
        gate.set()
        *_, last = [line async for line in lines]
        async with asyncio.timeout(5):
            await router.task
        with pytest.raises(httpx.TransportError):
            await admin.get("/health/live")
    assert '"done":true' in last


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
    """`serve` says where it answers, runs until SIGTERM, and returns."""
    ready = asyncio.Event()
    startup = Server.startup

    async def noting(self: Server, sockets: list[socket.socket] | None = None) -> None:
        await startup(self, sockets)
        ready.set()

    monkeypatch.setattr(Server, "startup", noting)
    more = '[server]\nport = 0\ndrain_timeout = 0.5\nadmin = "unix:admin.sock"'
    toml = toml_for(double.url, more=more)
    with capture_logs() as logs:
        task = asyncio.create_task(serve(parse(toml, tmp_path / "localai.toml")))
        async with asyncio.timeout(10):
            await ready.wait()
            signal.raise_signal(signal.SIGTERM)
            await task
    (told,) = [entry for entry in logs if entry["event"] == "ready"]
    assert told["url"].startswith("http://127.0.0.1:")
    assert told["admin"] == f"unix:{tmp_path / 'admin.sock'}"

"""`localai serve`, as a process."""

import asyncio
import json
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.core.cli.support import EMBEDDED, Serving, refusal, run, serving


async def ended(router: Serving) -> tuple[int, str]:
    """Wait for the process; return its exit code and the rest of what it said."""
    _, stderr = await router.process.communicate()
    assert router.process.returncode is not None
    return router.process.returncode, stderr.decode()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_a_signal(folder: Path, sent: signal.Signals) -> None:
    """It says where it listens, answers there, and a signal ends it with exit code 0."""
    (folder / "localai.toml").write_text(EMBEDDED + "[server]\nport = 0\n")
    async with serving("serve") as router:
        ready = await router.until("ready")
        assert ready["engine"] == "embedded"
        async with httpx.AsyncClient(base_url=ready["url"], trust_env=False) as client:
            assert (await client.get("/health/live")).status_code == 200
        router.process.send_signal(sent)
        await router.until("stopped")
        assert await ended(router) == (0, "")
    lines = [json.loads(line) for line in router.said]
    assert [line["event"] for line in lines][-3:] == ["stopping", "draining", "stopped"]
    assert not [line for line in lines if line["level"] == "error"]


async def test_the_options_come_before_the_file(folder: Path) -> None:
    """`--host` and `--port` win over the file's; `--config` may stand behind the command too."""
    file = folder / "own.toml"
    file.write_text(EMBEDDED + '[server]\nhost = "192.0.2.1"\nport = 1\n')
    async with serving("serve", "-c", file, "--host", "127.0.0.1", "--port", "0") as router:
        url = httpx.URL((await router.until("ready"))["url"])
    assert url.host == "127.0.0.1"
    assert url.port not in (None, 0, 1)


async def test_a_port_in_use_is_one_message(folder: Path) -> None:
    """A port that another server has is told with the way out, and without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with serving("serve", "--port", str(port)) as router:
            code, said = await ended(router)
    assert code == 1
    assert said.startswith(f"Error: can't listen on 127.0.0.1:{port}: Address already in use")
    assert "--port" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "-c", "other.toml"], "other.toml: can't be read: No such file or directory"),
        (["-c", "other.toml", "serve"], "other.toml: can't be read: No such file or directory"),
        (["serve", "-c", "wrong.toml"], "wrong.toml:2: [server] prot: unknown setting"),
        (["serve", "--host", "0.0.0.0", "--port", "0"], "can be reached from other machines"),
    ],
)
def test_what_can_not_start_is_one_message(
    folder: Path, arguments: list[str], message: str
) -> None:
    """A file that is missing or wrong, or an open door, ends it at once with exit code 1."""
    (folder / "wrong.toml").write_text("[server]\nprot = 1\n")
    assert message in refusal(run(*arguments))


def test_a_port_out_of_range_is_refused() -> None:
    """A port that can't be is a mistake of usage."""
    result = run("serve", "--port", "70000")
    assert result.exit_code == 2
    assert "70000 is not in the range" in result.stderr


async def test_a_second_signal_ends_it_at_once(folder: Path) -> None:
    """While an answer runs the first signal waits for it; the second one does not."""
    (folder / "endless_plugin.py").write_text(
        "import asyncio\n"
        "from localai import Chunk, hookimpl\n"
        "class Endless:\n"
        "    @hookimpl\n"
        "    def around_inference(self, next):\n"
        "        async def endless(call):\n"
        "            yield Chunk(content='Well')\n"
        "            await asyncio.Event().wait()\n"
        "        return endless\n"
    )
    (folder / "localai.toml").write_text(
        EMBEDDED + '[server]\nport = 0\n[chain]\nplugins = ["endless"]\n'
        '[plugins.endless]\nuse = "endless_plugin:Endless"\n'
    )
    async with serving("serve") as router:
        url = (await router.until("ready"))["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            body = {"model": "localai-guide", "prompt": "Hello"}
            async with client.stream("POST", "/api/generate", json=body) as answer:
                await anext(answer.aiter_lines())
                router.process.terminate()
                assert (await router.until("draining"))["running"] == 1
                router.process.terminate()
                await router.until("ending at once")
        async with asyncio.timeout(10):
            code, _ = await ended(router)
    assert code == 0

"""Files are read in a process of their own, which has a deadline and no say."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from localai import Unavailable
from plugins.guardrails.uploads.reading import Reader
from plugins.guardrails.uploads.work import Refused
from tests.plugins.guardrails.uploads.samples import BOUNDS, b64, pdf, picture

PDF = b64(pdf("Hello"))
HANGS = "import time; time.sleep(60)"
SAYS = "import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({!r})"


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    """A reader with time enough."""
    made = Reader(BOUNDS, workers=2, timeout=20)
    async with made.running():
        yield made


class Started:
    """Runs something else in place of the worker, and keeps its processes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        start = subprocess.Popen

        def started(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
            process = start((sys.executable, "-c", code), **more)
            self.processes.append(process)
            loop.call_soon_threadsafe(self.begun.set)
            return process

        monkeypatch.setattr(subprocess, "Popen", started)


async def test_files_are_read(reader: Reader) -> None:
    """Each comes back in order, images as base64 and PDFs as text."""
    image = b64(picture("png"))
    contents, refused = await reader.read([("pdf", PDF), ("png", image), ("pdf", PDF)])
    assert refused is None
    assert (contents[0], contents[2], len(contents)) == ("Hello", "Hello", 3)
    again, _ = await reader.read([("png", image)])
    assert again == contents[1:2]


async def test_long_texts_come_back_whole(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters of several bytes are whole, wherever a piece of the text ends."""
    text = "a" + "\u20ac\U0001f600" * 100_000
    said = b'[{"size":%d}]\n' % len(text.encode())
    code = f"t = 'a' + '\u20ac\U0001f600' * 100_000; s = {said!r} + t.encode()"
    Started(monkeypatch, f"{code}; import sys; sys.stdin.read(); sys.stdout.buffer.write(s)")
    assert await reader.read([("pdf", PDF)]) == ([text], None)


async def test_a_refusal_says_which_file(reader: Reader) -> None:
    """What was read before it comes back, so that it is the next one that is refused."""
    contents, refused = await reader.read([("pdf", PDF), ("pdf", b64(b"%PDF-"))])
    assert contents == ["Hello"]
    assert refused is not None
    assert refused.rule == "broken"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\n",
        b"{}\n",
        b'[{"size":5}]\nHell',
        b'[{"size":99999999999}]\nHello',
        b'[{"size":2}]\n\xff\xfe',
        b"[]\n",
        b'[{"size":1},{"size":1}]\nab',
    ],
)
async def test_a_process_that_breaks_or_lies_is_not_believed(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Whatever it says, the file is refused, unless it is a whole answer for these files."""
    Started(monkeypatch, SAYS.format(said))
    with pytest.raises(Refused, match="can't be read") as caught:
        await reader.read([("pdf", PDF)])
    assert caught.value.rule == "broken"


async def test_a_process_that_does_not_read_is_not_waited_for(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends before it has taken megabytes is a refusal too."""
    Started(monkeypatch, "pass")
    with pytest.raises(Refused, match="can't be read"):
        await reader.read([("pdf", "AAAA" * 500_000)])


async def test_a_process_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline the file is refused, and the process is gone."""
    started = Started(monkeypatch, HANGS)
    reader = Reader(BOUNDS, workers=1, timeout=1)
    async with reader.running():
        with pytest.raises(Refused, match="take more than 1 s to read") as caught:
            await reader.read([("pdf", PDF)])
    assert caught.value.rule == "timeout"
    assert [process.returncode for process in started.processes] == [-signal.SIGKILL]


async def test_who_leaves_takes_the_process_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is cancelled ends its process, and the next request has its turn."""
    reader = Reader(BOUNDS, workers=1, timeout=20)
    async with reader.running():
        with monkeypatch.context() as patch:
            started = Started(patch, HANGS)
            task = asyncio.create_task(reader.read([("pdf", PDF)]))
            await started.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [process.returncode for process in started.processes] == [-signal.SIGKILL]
        assert await reader.read([("pdf", PDF)]) == (["Hello"], None)


async def test_only_so_many_processes_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds no turn within the deadline is told to try again."""
    reader = Reader(BOUNDS, workers=1, timeout=0.5)
    async with reader.running():
        started = Started(monkeypatch, HANGS)
        await reader._turn.acquire()
        with pytest.raises(Unavailable, match="try again") as caught:
            await reader.read([("pdf", PDF)])
        assert caught.value.retry_after == 5
        assert not started.processes


async def test_the_process_has_nothing_of_ours(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the environment, which has keys, nor any of the router's files is passed on."""
    monkeypatch.setenv("LOCALAI_API_KEY", "canary")
    code = (
        "import os, sys; sys.stdin.buffer.read();"
        'said = f\'{len([k for k in os.environ if k.startswith("LOCALAI")])}'
        ' {len(os.listdir("/proc/self/fd"))}\'.encode();'
        "sys.stdout.buffer.write(b'[{\"size\":%d}]\\n%b' % (len(said), said))"
    )
    Started(monkeypatch, code)
    contents, _ = await reader.read([("pdf", PDF)])
    assert contents == ["0 4"]  # its three streams, and the folder that it lists


async def test_the_deadline_of_the_process_itself_is_a_refusal() -> None:
    """A process that has used up its time of CPU ends by itself, and that is a refusal."""
    bounds = msgspec.structs.replace(BOUNDS, cpu_seconds=0)
    reader = Reader(bounds, workers=1, timeout=20)
    async with reader.running():
        with pytest.raises(Refused, match="can't be read"):
            await reader.read([("png", b64(picture("png", size=(1000, 1000))))])

"""A real Redis for tests, from Debian's package: one for each test, in memory only."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

import pytest

PASSWORD = "canary-r3d1s"
"""In every URL, and required. It must show up nowhere."""
READY = "Ready to accept connections"
PORTS = (20_000, 32_000)
"""Below those that Linux gives to connections: a server that is stopped keeps its port."""

_random = SystemRandom()


class Redis:
    """A server on a free port, which a test may stop, pause and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it is, also while it is stopped."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("this test needs Redis: apt-get install redis-server")
        options = {
            "port": str(self._port),
            "bind": "127.0.0.1",
            "requirepass": PASSWORD,
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
        }
        # It dies with the tests, however they end.
        command = ["setpriv", "--pdeathsig", "KILL", "--", binary]
        for name, value in options.items():
            command += [f"--{name}", value]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if READY in line:
                return
        pytest.fail(f"Redis does not start: {''.join(said)}")

    def stop(self) -> None:
        """End the server and every connection to it at once; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def pause(self) -> None:
        """Have the server hang: it takes connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have the server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def _free_port() -> int:
    """Return a port that is free now and that no connection of another test gets by chance."""
    while True:
        port = _random.randrange(*PORTS)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that runs, with nothing in it."""
    server = Redis(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.stop()

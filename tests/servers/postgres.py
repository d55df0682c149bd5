"""A real PostgreSQL for tests, from Debian's package: started once, a schema for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

PASSWORD = "canary-hunter2"
"""In every URL; the server takes any. It must show up nowhere."""
LEAVE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class Postgres:
    """A server on a Unix socket in a folder of its own, which a test may stop, pause and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binaries = _binaries()
        self._user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._paused: list[int] = []
        self._numbers = count()
        self._schemas: list[str] = []
        if self._user is not None:
            shutil.chown(folder, self._user)
        make = ["initdb", "--username=localai", "--auth=trust", "--no-sync", "--encoding=UTF8"]
        self._run(*make, "--no-locale", f"--pgdata={folder}/data")
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write("listen_addresses = ''\nfsync = off\nfull_page_writes = off\n")
            file.write(f"unix_socket_directories = '{folder}'\n")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        # It dies with the tests, however they end.
        lives_with = ["setpriv", "--pdeathsig", "QUIT", "--"]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*lives_with, self._binaries / "postgres", "-D", self._folder / "data"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                user=self._user,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self._ask("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    pytest.fail(f"PostgreSQL does not start: {(self._folder / 'log').read_text()}")
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End the server and every connection to it at once."""
        self.resume()
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
        self._process = None

    def pause(self) -> None:
        """Have the server hang: it takes connections and answers nothing."""
        assert self._process is not None
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._paused = [pid, *map(int, children)]
        for each in self._paused:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)

    def resume(self) -> None:
        """Have the server go on."""
        for each in reversed(self._paused):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)
        self._paused = []

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a new, empty schema; it takes a tenth of a database's time to make.

        Of another database than PostgreSQL's own only the URL is made.
        """
        url = f"postgresql://localai:{PASSWORD}@/{database}?host={self._folder}"
        if database != "postgres":
            return url
        name = f"test_{next(self._numbers)}"
        self._ask(f"CREATE SCHEMA {name}")
        self._schemas.append(name)
        return f"{url}&options=-csearch_path%3D{name}"

    def clean(self) -> None:
        """Have the server as it was: it runs, has no other users, and none of the schemas."""
        self.resume()
        if self._process is None:
            self.start()
        drops = [f"DROP SCHEMA {name} CASCADE" for name in self._schemas]
        self._schemas = []
        self._ask(LEAVE, *drops)

    def _ask(self, *statements: str) -> None:
        url = f"postgresql://localai@/postgres?host={self._folder}"
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / name, *arguments], user=self._user, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def _binaries() -> Path:
    """Return the folder of the newest server that is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if not found and (named := shutil.which("postgres")):
        found = [Path(named)]
    if not found:
        pytest.fail("this test needs PostgreSQL: apt-get install postgresql")
    return found[-1].resolve().parent


def _unprivileged() -> str | None:
    """Return the user to run as; PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The server that all tests share; they ask for `postgres`."""
    # Not in pytest's folders: the user that it runs as may not enter them.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL that runs; it does again after the test, without the test's databases."""
    yield postgres_server
    postgres_server.clean()

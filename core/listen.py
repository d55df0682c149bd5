"""Addresses to listen on: a host and port, or a Unix socket that only its owner may use."""

import errno
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.config import Settings, load
from core.errors import SettingsError

BACKLOG = 2048
"""Connections that may wait to be accepted; more are turned away by the system."""

UNIX = "unix:"

CONNECT_TIMEOUT = 1.0
"""Seconds until a Unix socket that lets nobody in counts as one in use."""

LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where programs on this machine reach a server that listens on all addresses."""

_HOST_AND_PORT = re.compile(
    r"(?: \[ (?P<v6> [0-9A-Fa-f:.]+ ) \] | (?P<name> [A-Za-z0-9._-]+ ) ) : (?P<port> [0-9]{1,5} )",
    re.VERBOSE,
)


class Address(Struct, frozen=True, kw_only=True):
    """Where a server listens, and the setting that says so."""

    host: str = ""
    port: int = 0
    path: Path | None = None
    """A Unix socket instead of a host and port."""
    setting: str = "--host, --port or [server]"
    """What to change when it can't be had."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return str(self.path) if self.path else f"{host}:{self.port}"


def main_address(settings: Settings) -> Address:
    """Return the address that everybody uses."""
    return Address(host=settings.server.host, port=settings.server.port)


def admin_address(settings: Settings) -> Address | None:
    """Return the address of [server] admin, if it has one of its own; raise `SettingsError`."""
    text = settings.server.admin
    setting = "[server] admin"
    if not text:
        return None
    if text.startswith(UNIX) and text != UNIX:
        return Address(path=settings.folder / text.removeprefix(UNIX), setting=setting)
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise settings.document.error(
            ("server",),
            "admin",
            f'expected "127.0.0.1:8001", "[::1]:8001" or "unix:admin.sock": \'{text}\'',
        )
    return Address(host=match["v6"] or match["name"], port=int(match["port"]), setting=setting)


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Hold a listening socket; raise `SettingsError` that says why it can't be had."""
    try:
        sock = _tcp(address.host, address.port) if address.path is None else _unix(address.path)
    except OSError as error:
        raise SettingsError(
            f"can't listen on {address}: {error.strerror or error}: is another server running? "
            f"choose another address by {address.setting}"
        ) from None
    made = os.lstat(address.path) if address.path else None
    try:
        yield sock
    finally:
        sock.close()
        if made is not None and address.path is not None:
            _remove(address.path, made)


def admin_url(path: Path | None) -> str:
    """Return where the router of a settings file serves /admin, in the form of `url_of`.

    Raises `SettingsError`, also for port 0, which is another one with each start.
    """
    settings = load(path)
    address = admin_address(settings) or main_address(settings)
    if address.path is not None:
        return f"{UNIX}{address.path}"
    if not address.port:
        raise SettingsError(
            "the router's port is 0, another one with each start: "
            "take the address from the start of its log, and give it by --url"
        )
    return f"http://{replace(address, host=LOOPBACK.get(address.host, address.host))}"


def url_of(sock: socket.socket) -> str:
    """Return the address that clients reach a listening socket at."""
    if sock.family == socket.AF_UNIX:
        return f"{UNIX}{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _unix(path: Path) -> socket.socket:
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(os.fspath(path))
        # Nobody can connect before `listen`, so nobody can come in between.
        os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _clear(path: Path) -> None:
    """Remove the socket that a killed server has left; anything else stays and is an error."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EEXIST, "there is a file that is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_TIMEOUT)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            _remove(path, found)
            return
        except (BlockingIOError, TimeoutError):
            pass  # a queue that is full is somebody's
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _remove(path: Path, made: os.stat_result) -> None:
    """Remove a socket's file, unless it is another one by now."""
    with suppress(FileNotFoundError):
        if os.path.samestat(os.lstat(path), made):
            path.unlink()

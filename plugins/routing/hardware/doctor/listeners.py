"""Which ports programs of this machine listen on: /proc/net/tcp and /proc/net/tcp6."""

import ipaddress
import re
from collections.abc import Iterator

from localai import Value, is_loopback
from plugins.routing.hardware.files import Files

_ROW = re.compile(r"\s*[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A ")
"""Local address and port, in hexadecimal; 0A is the state LISTEN."""


class Listener(Value, frozen=True, kw_only=True):
    """A port that is open."""

    host: str
    """An address of this machine; `0.0.0.0` and `::` are all of them."""
    port: int

    @property
    def is_open(self) -> bool:
        """Whether other machines can come in by it, if no firewall is between."""
        return not is_loopback(self.host)


def listeners(files: Files) -> list[Listener]:
    """Return the ports that this network namespace has open."""
    return [*_listeners(files, "proc/net/tcp"), *_listeners(files, "proc/net/tcp6")]


def _listeners(files: Files, path: str) -> Iterator[Listener]:
    for line in (files.text(path) or "").splitlines():
        if match := _ROW.match(line):
            yield Listener(host=_address(match[1]), port=int(match[2], 16))


def _address(text: str) -> str:
    """Return an address; the kernel writes its words as a little-endian CPU holds them."""
    raw = bytes.fromhex(text)
    words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]
    return str(ipaddress.ip_address(b"".join(words)))

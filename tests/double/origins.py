"""Which origins and hosts may talk to Ollama: it refuses others with an empty 403."""

import ipaddress
import re

from tests.double.failures import Finished
from tests.double.received import Received
from tests.double.wire import Wire

_ORIGINS = re.compile(
    r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?"
    r"|(app|file|tauri|vscode-webview|vscode-file"
    r"|chrome-extension|moz-extension|safari-extension|ms-browser-extension)://.*"
)
_HEADERS = (
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,"
    "X-Stainless-Async,X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,"
    "X-Stainless-Lang,X-Stainless-Os,X-Stainless-Package-Version,X-Stainless-Poll-Helper,"
    "X-Stainless-Retry-Count,X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Timeout"
)


async def check(wire: Wire) -> None:
    """Answer a preflight or refuse the request; a request in order passes."""
    origin = wire.received.header("origin")
    if origin and not _ORIGINS.fullmatch(origin):
        await wire.send(403, b"", "")
        raise Finished
    if origin and wire.received.method == "OPTIONS":
        headers = (
            ("Access-Control-Allow-Headers", _HEADERS),
            ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Max-Age", "43200"),
        )
        await wire.send(204, b"", "", headers)
        raise Finished
    if not _allowed_host(wire.received):
        await wire.send(403, b"", "")
        raise Finished


def _allowed_host(received: Received) -> bool:
    host = (received.header("host") or "").lower()
    host = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if host in ("", "localhost") or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified

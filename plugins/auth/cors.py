"""Web pages of other origins, by the CORS protocol of the Fetch standard (fetch.spec.whatwg.org).

A browser asks before a page may send JSON or a key to another origin (the preflight), and hides
the answer from the page unless that says that the page may read it.
"""

import re
from collections.abc import Sequence
from typing import Any

from localai import Forbidden, SettingsError, send_error

Header = tuple[bytes, bytes]

ANY = "*"
VARY = (b"vary", b"origin")
"""On every answer: a cache must not give that for one origin to another."""

MAX_REQUESTED = 2048
"""Bytes of the list of headers that a page asks for; real ones have some hundred."""

_ORIGIN = re.compile(
    r"""
    (?P<scheme> [a-z][a-z0-9+.-]* ) ://
    (?P<any> \*\. )? (?P<host> [a-z0-9_-]+ (?: \. [a-z0-9_-]+ )* | \[ [0-9a-f:]+ \] )
    (?: : (?P<port> [0-9]{1,5} | \* ) )?
    """,
    re.VERBOSE,
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TOKENS = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]+")


class Cors:
    """Which origins may call, and what they are told."""

    def __init__(
        self,
        *,
        origins: Sequence[str],
        methods: Sequence[str],
        headers: Sequence[str],
        expose: Sequence[str],
        credentials: bool,
        max_age: float,
    ) -> None:
        """Prepare the headers; raise `SettingsError` for what browsers would not accept."""
        for name in (*methods, *headers, *expose):
            if not _TOKEN.fullmatch(name):
                raise SettingsError(f"cors: '{name}' is no name of a method or header")
        if credentials and (ANY in origins or ANY in expose):
            raise SettingsError(
                "cors_credentials needs cors_origins and cors_expose by name, without '*': "
                "else every page could act for whoever opens it"
            )
        self._any = ANY in origins
        self._pattern = re.compile(
            "|".join(_as_regex(origin) for origin in origins if origin != ANY).encode()
        )
        self._reflects = not headers
        self._common: tuple[Header, ...] = ()
        if expose:
            self._common += ((b"access-control-expose-headers", _joined(expose)),)
        if credentials:
            self._common += ((b"access-control-allow-credentials", b"true"),)
        self._preflight: tuple[Header, ...] = (
            (b"access-control-allow-methods", _joined(methods)),
            (b"access-control-max-age", b"%d" % max_age),
        )
        if headers:
            self._preflight += ((b"access-control-allow-headers", _joined(headers)),)

    def allows(self, origin: bytes) -> bool:
        """Say whether pages of an origin may call."""
        return self._any or self._pattern.fullmatch(origin.lower()) is not None

    def headers_for(self, scope: Any) -> tuple[Header, ...]:
        """Return what every answer to this request carries."""
        origin = _header(scope, b"origin")
        if self._any:
            return (VARY, (b"access-control-allow-origin", b"*"), *self._common)
        if origin is None or not self.allows(origin):
            return (VARY,)
        return (VARY, (b"access-control-allow-origin", origin), *self._common)

    def is_preflight(self, scope: Any) -> bool:
        """Say whether a browser asks what a page may send."""
        return (
            scope["method"] == "OPTIONS"
            and _header(scope, b"origin") is not None
            and _header(scope, b"access-control-request-method") is not None
        )

    async def answer(self, scope: Any, send: Any) -> None:
        """Answer a preflight; `send` adds the headers of every answer."""
        origin = _header(scope, b"origin") or b""
        if not self.allows(origin):
            error = Forbidden(
                f"web pages of '{origin[:100].decode('latin-1')}' may not call this router: "
                "add the origin to cors_origins of [plugins.auth.headers]",
                code="origin_not_allowed",
            )
            await send_error(error, scope, send)
            return
        headers = list(self._preflight)
        requested = _header(scope, b"access-control-request-headers") or b""
        if self._reflects and len(requested) <= MAX_REQUESTED and _TOKENS.fullmatch(requested):
            headers.append((b"access-control-allow-headers", requested))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _as_regex(origin: str) -> str:
    """Return the regular expression of an origin or pattern of the file."""
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        raise SettingsError(
            f"cors_origins: '{origin}' is no origin: write one as \"https://chat.example.org\", "
            '"https://*.example.org", "http://localhost:*" or "*", without a path'
        )
    labels = r"(?:[a-z0-9_-]+\.)+" if match["any"] else ""
    port = {None: "", ANY: r"(?::[0-9]{1,5})?"}.get(match["port"], f":{match['port']}")
    return f"{re.escape(match['scheme'])}://{labels}{re.escape(match['host'])}{port}"


def _header(scope: Any, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


def _joined(names: Sequence[str]) -> bytes:
    return ", ".join(names).encode()

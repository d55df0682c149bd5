"""The page's files, which hold no data: they are for everybody, from memory."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from litestar import Response
from msgspec import Struct

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""Litestar says the charset of texts by itself."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy: nothing but the router's own files, no script within the page."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # ask each time, which costs a 304
}


class File(Struct, frozen=True):
    """One file of the page."""

    body: bytes
    kind: str
    tag: str

    def answer(self, known: str) -> Response[bytes]:
        """Return it, or 304 when the caller has it: `known` is their If-None-Match."""
        headers = HEADERS | {"etag": self.tag}
        if self.tag in (each.strip().removeprefix("W/") for each in known.split(",")):
            return Response(b"", status_code=304, headers=headers, media_type=self.kind)
        return Response(self.body, headers=headers, media_type=self.kind)


def files(folder: Path = FOLDER) -> Mapping[str, File]:
    """Read all files of the page; call it off the event loop."""
    return {
        path.name: File(body := path.read_bytes(), TYPES[path.suffix], _tag(body))
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }


def _tag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'

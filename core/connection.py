"""What `authenticate` sees of a request: who connects, and with which headers."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import Forbidden, Unauthenticated
from core.principal import ANONYMOUS, Principal
from core.trust import NOBODY, Trust, address_of, host_name, is_loopback

EVERYTHING = frozenset({"*"})
"""What an anonymous caller on loopback may do."""

BASIC = frozenset({"chat", "embeddings", "models:read"})
"""What an anonymous caller from elsewhere may do, where the file lets them in."""

FORWARDED = ("x-forwarded-for", "x-real-ip", "forwarded")
"""Headers that proxies and tunnels add; one of them is enough to tell that there is one."""

APP_SCHEMES = frozenset({"app", "file", "tauri", "vscode-webview", "vscode-file"})
"""Origins of desktop applications; Ollama lets in the same ones."""


class Connection:
    """A request before its body is read. Header names are in lower case.

    Without a `trust` it is the one that the gateway has put into the scope, so that plugins around
    the application see the same client as all others.
    """

    def __init__(self, scope: MutableMapping[str, Any], trust: Trust | None = None) -> None:
        self.scope = scope
        self._trust: Trust = scope.get("localai.trust", NOBODY) if trust is None else trust
        self._headers: dict[str, str] | None = None
        self._client: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers; of one that is repeated, the values joined by commas."""
        if self._headers is not None:
            return self._headers
        found: dict[str, str] = {}
        for raw_name, raw_value in self.scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            found[name] = f"{found[name]}, {value}" if name in found else value
        self._headers = found
        return found

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path, decoded."""
        return str(self.scope["path"])

    @property
    def client(self) -> str:
        """The caller's address, or an empty text for a Unix socket.

        Behind trusted proxies it is the first address, from the right, of `X-Forwarded-For` that
        is none of theirs; a header from anybody else means nothing.
        """
        if self._client is None:
            peer = self._peer
            if self._trust.is_proxy(peer):
                peer = self._trust.client_of(peer, self.headers.get("x-forwarded-for", ""))
            self._client = peer
        return self._client

    @property
    def is_secure(self) -> bool:
        """Whether the caller came by TLS, here or at a trusted proxy."""
        if self.scope.get("scheme") == "https":
            return True
        if not self._trust.is_proxy(self._peer):
            return False
        # Of several values, the last is the one that the proxy itself has added.
        scheme = self.headers.get("x-forwarded-proto", "").rpartition(",")[2]
        return scheme.strip().lower() == "https"

    @property
    def is_loopback(self) -> bool:
        """Whether the caller is a program on this machine, and no proxy stands between.

        What comes through a proxy or a tunnel on this machine may come from anywhere, and what a
        proxy elsewhere calls 127.0.0.1 is its own machine.
        """
        peer = self._peer
        if peer and not is_loopback(peer):
            return False
        return not any(name in self.headers for name in FORWARDED)

    @property
    def _peer(self) -> str:
        """The address at the other end of the socket; IPv4 in its own form on any socket."""
        peer = self.scope.get("client")
        address = str(peer[0]) if peer else ""
        return address_of(address) or address if address.startswith("::ffff:") else address

    def credential(self) -> str | None:
        """Return the key or token from `Authorization: Bearer`, `X-API-Key` or `api-key`.

        Raises `Unauthenticated` where they contradict each other.
        """
        headers = self.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        credential = token.strip() if scheme.lower() == "bearer" else ""
        for name in ("x-api-key", "api-key"):
            other = headers.get(name)
            if other and credential and other != credential:
                raise Unauthenticated("two different keys came with this request: send one")
            credential = credential or other or ""
        return credential or None

    def anonymous(self) -> Principal:
        """Return the principal of a caller without a key.

        On loopback a web page could use the browser to get in, so a foreign `Host` (DNS
        rebinding) or `Origin` is refused. Raises `Forbidden`.
        """
        if not self.is_loopback:
            if not self._trust.anonymous:
                raise Forbidden(
                    "without a key only programs on this machine may call, and through no proxy: "
                    "set up a key, or let everybody in by [server] allow_anonymous"
                )
            return Principal(id=ANONYMOUS, name=ANONYMOUS, scopes=BASIC)
        host = host_name(self.headers.get("host", ""))
        if not self._may_name(host):
            raise Forbidden(
                f"callers without a key must use a loopback host name, not '{host}': "
                "add it to [server] allowed_hosts, or set up a key"
            )
        origin = self.headers.get("origin")
        if origin is not None and not self._may_come_from(origin):
            raise Forbidden(f"web pages of '{origin}' may not use this router without a key")
        return Principal(id=ANONYMOUS, name=ANONYMOUS, scopes=EVERYTHING)

    def _may_name(self, host: str) -> bool:
        return is_loopback(host) or self._trust.names(host)

    def _may_come_from(self, origin: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in APP_SCHEMES or self._may_name(parts.hostname or "")

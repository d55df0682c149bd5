"""Headers on every answer that tell browsers what they may do with it, and CORS. Fails closed.

They are those of OWASP's secure headers project (owasp.org/www-project-secure-headers). A header
that a route has set itself stays as it is. Requests that are no valid HTTP are refused before any
plugin sees them, and have none of these.

With `cors_origins` the pages of other origins may call. That replaces no key: a page of an origin
that is not this machine's own gets in without one only where [server] allowed_hosts names its
host, too.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from localai import Connection, Duration, hookimpl
from plugins.auth.cors import VARY, Cors, Header

Value = Annotated[str, Meta(pattern=r"\A[ -~]*\Z")]
"""The value of a header: printable ASCII; an empty one switches the header off."""


class Headers:
    """Adds the headers of its settings to every answer, also to errors and streams."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.headers]; an empty text leaves a header out."""

        content_type_options: Value = "nosniff"
        """X-Content-Type-Options: browsers believe the content type."""
        frame_options: Value = "DENY"
        """X-Frame-Options: no page may show answers in a frame."""
        xss_protection: Value = "1; mode=block"
        """X-XSS-Protection: for browsers of before 2019."""
        strict_transport_security: Value = "max-age=31536000; includeSubDomains"
        """Strict-Transport-Security: for callers that came by TLS, here or at a trusted proxy."""
        content_security_policy: Value = "default-src 'self'; frame-ancestors 'none'"
        """Content-Security-Policy: what pages may load; the page at /schema has its own."""
        referrer_policy: Value = "strict-origin-when-cross-origin"
        """Referrer-Policy: what other sites learn of where a visitor comes from."""
        permissions_policy: Value = "geolocation=(), microphone=(), camera=()"
        """Permissions-Policy: devices that pages may not use."""
        cors_origins: tuple[str, ...] = ()
        """Web pages that may call: "https://chat.example.org", "https://*.example.org", or "*"."""
        cors_methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        """Methods that they may use."""
        cors_headers: tuple[str, ...] = ()
        """Headers that they may send; empty: those that they ask for."""
        cors_expose: tuple[str, ...] = ("*",)
        """Headers of answers that they may read; "*" is all."""
        cors_credentials: bool = False
        """Let them send cookies, for a proxy that wants some; keys need no cookies."""
        cors_max_age: Duration = Duration(7200)
        """Time for which browsers remember what is allowed."""

    def __init__(self, config: Config) -> None:
        named = {
            b"x-content-type-options": config.content_type_options,
            b"x-frame-options": config.frame_options,
            b"x-xss-protection": config.xss_protection,
            b"content-security-policy": config.content_security_policy,
            b"referrer-policy": config.referrer_policy,
            b"permissions-policy": config.permissions_policy,
        }
        hsts = config.strict_transport_security
        self._plain = tuple((name, value.encode()) for name, value in named.items() if value)
        self._secure = self._plain
        if hsts:
            self._secure += ((b"strict-transport-security", hsts.encode()),)
        self._names = frozenset(name for name, _ in self._secure)
        self._cors: Cors | None = None
        if config.cors_origins:
            self._cors = Cors(
                origins=config.cors_origins,
                methods=config.cors_methods,
                headers=config.cors_headers,
                expose=config.cors_expose,
                credentials=config.cors_credentials,
                max_age=config.cors_max_age,
            )

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Add the headers, and answer what browsers ask before they let a page call."""
        cors, plain, secure, names = self._cors, self._plain, self._secure, self._names

        async def with_headers(scope: Any, receive: Any, send: Any) -> None:
            added = secure if _came_by_tls(scope) else plain
            if cors is not None:
                added += cors.headers_for(scope)

            # No coroutine of its own, which each piece of a stream would pass through.
            def adding(message: Any) -> Any:
                if message["type"] == "http.response.start":
                    own = message["headers"]
                    for name, _ in own:
                        if name in names:
                            message["headers"] = _merged(own, added)
                            break
                    else:
                        message["headers"] = [*own, *added]
                return send(message)

            if cors is not None and cors.is_preflight(scope):
                await cors.answer(scope, adding)
            else:
                await app(scope, receive, adding)

        return with_headers


def _came_by_tls(scope: Any) -> bool:
    for name, _ in scope["headers"]:
        if name == b"x-forwarded-proto":
            return Connection(scope).is_secure  # which knows whether to believe that
    return bool(scope["scheme"] == "https")


def _merged(own: Any, added: tuple[Header, ...]) -> list[Header]:
    """Return the headers of an answer: its own, and those added that it has not set."""
    names = {name for name, _ in own}
    return [*own, *(each for each in added if each is VARY or each[0] not in names)]

"""What the head of a request must look like before any route or plugin sees it.

One strict reading of every request line and header: where this process, a proxy in front of it
and a route table could each read the same bytes differently, the request is refused.
"""

import re

from core.http_refusal import Refused

# RFC 3986's pchar. A percent-escape may only stand for a byte that needs one: not for a control
# byte, a slash, a backslash, or a letter, digit or -._~ that would give a route a second name.
_TARGET = re.compile(
    rb"""
    (?: / (?! / | \.\.? (?: [/?] | \Z ) )           # no empty segment but the last, no dot segment
        [A-Za-z0-9._~!$&'()*+,;=:@-]*+
        (?: % (?! 2[DdEeFf] | 3[0-9] | 4[1-9A-Fa-f] | 5[0-9AaCcFf] | 6[1-9A-Fa-f] | 7[0-9AaEeFf] )
            [2-9A-Fa-f] [0-9A-Fa-f]
            [A-Za-z0-9._~!$&'()*+,;=:@-]*+
        )*+
    )++
    (?: \? [!-"$-~]*+ )?                            # printable ASCII, no fragment
    """,
    re.VERBOSE,
)
_MALFORMED = re.compile(
    rb"""[^!-~] | ["<>^`{|}\#] | %(?![0-9A-Fa-f]{2}) | %[01][0-9A-Fa-f] | %7[Ff]""", re.VERBOSE
)
_HOST = re.compile(rb"(?: [A-Za-z0-9._-]+ | \[ [0-9A-Fa-f:.]+ \] ) (?: :[0-9]{0,5} )?", re.VERBOSE)


NAMES = b"/v1/models/"
"""What follows this is a name, to which no other rule than its own route's applies."""


def check_target(target: bytes) -> None:
    """Raise `Refused` unless `target` is a path in its one plain spelling, with or without a query.

    400 for what is no path at all, 404 for another spelling of one: Litestar would tidy up
    `//x`, `/a/../x` or `/%78` and serve `/x`, past every rule that looked at the path itself.
    """
    if target.startswith(NAMES):
        # The name of a model may have slashes, which OpenAI's client escapes.
        target = target.replace(b"%2F", b"/").replace(b"%2f", b"/")
    if target.startswith(b"/") and _TARGET.fullmatch(target):
        return
    path = target.partition(b"?")[0]
    if not path.startswith(b"/"):
        # RFC 9112 §3.2.2 wants absolute-form accepted, but only clients that take this for a
        # proxy send it. 421 would tell them to try another connection, and that would not help.
        raise Refused(
            400,
            "the request target must be a path such as /v1/models: this server is no proxy, "
            "so switch off the client's proxy setting",
        )
    if _MALFORMED.search(path) or b"#" in target:
        raise Refused(
            400, "the path holds characters that no URL may hold: percent-encode it as UTF-8"
        )
    raise Refused(
        404,
        "no such path: write it without empty or dot segments, backslashes, "
        "and percent-escapes of slashes, letters, digits and -._~",
    )


def check_version(version: str) -> None:
    """Raise `Refused` unless `version` is HTTP/1.0 or 1.1."""
    if version not in ("1.1", "1.0"):
        # 505 is the other choice, but a client's mistake should not count as a server's failure.
        raise Refused(400, "speak HTTP/1.1: no other protocol is served on this port")


def check_headers(version: str, headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether the client waits for `100 Continue`; raise `Refused` for what is ambiguous.

    `headers` have lower-case names.
    """
    fields = dict(headers)
    host = fields.get(b"host")
    if host is None:
        if version == "1.1":
            raise Refused(400, "send a Host header: HTTP/1.1 requires one")
    elif not _HOST.fullmatch(host) or (
        len(fields) < len(headers) and sum(name == b"host" for name, _ in headers) > 1
    ):
        raise Refused(400, "send one Host header: the server's name and, where needed, its port")
    if b"transfer-encoding" in fields and (
        version == "1.0" or fields[b"transfer-encoding"].lower() != b"chunked"
    ):
        raise Refused(
            400,
            "send the body with Content-Length, or over HTTP/1.1 with Transfer-Encoding: chunked",
        )
    if b"expect" not in fields or version == "1.0":
        return False
    if fields[b"expect"].lower() != b"100-continue":
        raise Refused(417, "leave out the Expect header, or send Expect: 100-continue")
    return True


def head_size(target: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    """Return the bytes of a request line and its headers, but for the method and version."""
    return len(target) + sum(len(name) + len(value) + 4 for name, value in headers)

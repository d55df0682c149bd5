"""Who connects, and who gets in without a key."""

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connection import BASIC, EVERYTHING, FORWARDED, Connection
from core.errors import Forbidden, Unauthenticated
from core.trust import Trust, is_loopback

Header = tuple[str, str]

PROXIED = Trust(
    proxies=(ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8")), unix=True
)
"""Proxies on this machine, on another one, and on a Unix socket."""


def _connection(
    *headers: Header, peer: str | None = "127.0.0.1", allow: str = "", by: Trust | None = None
) -> Connection:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    client = None if peer is None else (peer, 1234)
    scope = {"method": "POST", "path": "/v1/x", "headers": raw, "client": client}
    return Connection(scope, by or Trust(tuple(allow.split())))


def test_a_request_is_read_in_plain_terms() -> None:
    """Method, path, peer and headers are texts; repeated headers are joined."""
    connection = _connection(("accept", "a"), ("x", "ü"), ("accept", "b"), peer="10.0.0.1")
    assert (connection.method, connection.path, connection.client) == ("POST", "/v1/x", "10.0.0.1")
    assert connection.headers == {"accept": "a, b", "x": "ü"}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1", "localhost"]
)
def test_addresses_of_this_machine(address: str) -> None:
    """Loopback of both families, mapped addresses and the name are this machine."""
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.com", "", "128.0.0.1", "::ffff:8.8.8.8"],
)
def test_addresses_of_others(address: str) -> None:
    """Everything else is another machine, the addresses for "all" too."""
    assert not is_loopback(address)


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("by", [Trust(), PROXIED])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", None])
def test_what_a_proxy_passes_on_is_not_this_machine(peer: str, by: Trust, name: str) -> None:
    """A proxy or tunnel on this machine may bring anybody, whatever it says and is trusted."""
    host = ("host", "localhost")
    assert _connection(host, peer=peer, by=by).is_loopback
    for value in ("127.0.0.1", "203.0.113.9", "for=127.0.0.1", ""):
        connection = _connection(host, (name, value), peer=peer, by=by)
        assert not connection.is_loopback
        with pytest.raises(Forbidden, match="through no proxy: set up a key"):
            connection.anonymous()


def test_the_loopback_of_another_machine_is_not_this_one() -> None:
    """What a trusted proxy elsewhere calls 127.0.0.1 is that machine itself."""
    connection = _connection(("x-forwarded-for", "127.0.0.1"), peer="10.0.0.1", by=PROXIED)
    assert connection.client == "127.0.0.1"
    assert not connection.is_loopback


@pytest.mark.parametrize(
    ("peer", "scheme", "proto", "expected"),
    [
        ("127.0.0.1", "https", None, True),
        ("127.0.0.1", "http", "https", True),
        ("127.0.0.1", "http", " HTTPS ", True),
        ("127.0.0.1", "http", "http, https", True),
        ("127.0.0.1", "http", "https, http", False),
        ("127.0.0.1", "http", "", False),
        ("127.0.0.1", "http", None, False),
        ("203.0.113.9", "http", "https", False),
        (None, "http", "https", True),
    ],
)
def test_who_came_by_tls(peer: str | None, scheme: str, proto: str | None, expected: bool) -> None:
    """The connection says it, or a trusted proxy, of whose values the last is its own."""
    headers = [] if proto is None else [("x-forwarded-proto", proto)]
    connection = _connection(*headers, peer=peer, by=PROXIED)
    connection.scope["scheme"] = scheme
    assert connection.is_secure is expected


def test_plugins_see_the_same_client() -> None:
    """Without a trust of its own, a connection takes the one that the gateway put into scope."""
    headers = [(b"x-forwarded-for", b"203.0.113.9")]
    scope = {"headers": headers, "client": ("127.0.0.1", 1), "localai.trust": PROXIED}
    assert Connection(scope).client == "203.0.113.9"
    assert Connection(scope, Trust()).client == "127.0.0.1"


def test_a_unix_socket_is_this_machine() -> None:
    """A peer without an address connects through a socket of this machine."""
    assert _connection(peer=None).is_loopback


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("authorization", "Bearer abc")], "abc"),
        ([("authorization", "bearer  abc ")], "abc"),
        ([("x-api-key", "abc")], "abc"),
        ([("api-key", "abc")], "abc"),
        ([("authorization", "Bearer abc"), ("x-api-key", "abc")], "abc"),
        ([("authorization", "Basic abc")], None),
        ([("authorization", "Bearer ")], None),
        ([("authorization", "Bearer")], None),
        ([("x-api-key", "")], None),
        ([], None),
    ],
)
def test_a_key_comes_in_one_of_three_headers(headers: list[Header], expected: str | None) -> None:
    """The key is taken from any of the usual headers, and absent without one."""
    assert _connection(*headers).credential() == expected


def test_keys_that_contradict_each_other_are_refused() -> None:
    """Two different keys leave open who is calling."""
    with pytest.raises(Unauthenticated, match="send one"):
        _connection(("authorization", "Bearer abc"), ("api-key", "xyz")).credential()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:8000",
        "127.0.0.1:8000",
        "[::1]:8000",
        "[::1]",
        "box.localhost:8000",
        "box.lan:8000",
        "BOX.lan",
    ],
)
def test_a_loopback_host_name_opens_the_door(host: str) -> None:
    """Names of this machine, and those that the file allows, let a caller on loopback in."""
    principal = _connection(("host", host), allow="box.lan").anonymous()
    assert principal.scopes == EVERYTHING
    assert principal.may("admin:config")


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "localhost.evil.com",
        "localhost.evil.com:8000",
        "evillocalhost",
        "",
        "0.0.0.0:80",
        "127.0.0.1.evil.com",
        "10.0.0.1:8000",
        "[::2]:80",
        "box.lan.evil.com",
        "169.254.1.1",
    ],
)
def test_a_foreign_host_name_is_refused(host: str) -> None:
    """A web page whose name was rebound to loopback can't use the door."""
    with pytest.raises(Forbidden, match="allowed_hosts"):
        _connection(("host", host), allow="box.lan").anonymous()


def test_a_request_without_a_host_is_refused() -> None:
    """No name is no loopback name."""
    with pytest.raises(Forbidden):
        _connection().anonymous()


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://127.0.0.1",
        "http://[::1]:80",
        "app://ui",
        "tauri://localhost",
        "file://",
        "vscode-webview://x",
        "vscode-file://vscode-app",
        "https://box.lan",
    ],
)
def test_pages_of_this_machine_and_applications_may_come(origin: str) -> None:
    """Origins on loopback, of desktop applications and of allowed hosts are let in."""
    connection = _connection(("host", "localhost"), ("origin", origin), allow="box.lan")
    assert connection.anonymous().scopes == EVERYTHING


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.com",
        "http://localhost.evil.com",
        "null",
        "",
        "http://localhost@evil.com",
        "http://evil.com#localhost",
        "chrome-extension://x",
        "http://[::1",
        "//evil.com",
        "data:x",
    ],
)
def test_pages_of_others_are_refused(origin: str) -> None:
    """Every other origin is refused, also one that is no address at all."""
    with pytest.raises(Forbidden):
        _connection(("host", "localhost"), ("origin", origin)).anonymous()


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_no_header_breaks_the_door(host: str, origin: str) -> None:
    """Whatever the headers hold, a caller is let in or refused."""
    with suppress(Forbidden):
        _connection(("host", host), ("origin", origin)).anonymous()


def test_callers_from_elsewhere_get_the_basics_only() -> None:
    """A caller of another machine, where the file lets it in, may not administrate."""
    connection = _connection(("host", "x.com"), peer="10.0.0.1", by=Trust(anonymous=True))
    principal = connection.anonymous()
    assert principal.scopes == BASIC
    assert not principal.may("admin:config")


def test_callers_from_elsewhere_need_a_key() -> None:
    """Where the file does not let everybody in, a caller of another machine is refused."""
    with pytest.raises(Forbidden, match="allow_anonymous"):
        _connection(("host", "localhost"), peer="10.0.0.1").anonymous()


def test_without_a_trust_it_is_the_gateways() -> None:
    """A plugin around the application sees the same client as the routes do."""
    proxy = Trust(proxies=(ipaddress.ip_network("10.0.0.0/8"),))
    raw = [(b"x-forwarded-for", b"192.0.2.1")]
    scope = {"headers": raw, "client": ("10.0.0.1", 1), "localai.trust": proxy}
    assert Connection(scope).client == "192.0.2.1"
    assert Connection(scope, Trust()).client == "10.0.0.1"
    assert Connection({"headers": raw, "client": ("10.0.0.1", 1)}).client == "10.0.0.1"

"""Whose word counts: names that are answered to, and proxies that are believed."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import trust
from core.config import parse
from core.connection import Connection
from core.errors import SettingsError
from core.trust import MAX_HOPS, Trust, address_of, host_name, is_here, is_loopback, trust_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PEER = "10.0.0.1"
INSIDE = ipaddress.ip_network("10.0.0.0/8")
PROXIED = Trust(proxies=(INSIDE, ipaddress.ip_network("fd00::/8")))

texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
proxies = st.ip_addresses(v=4, network=INSIDE).map(str)
strangers = st.ip_addresses().filter(
    lambda ip: not any(ip in network for network in PROXIED.proxies) and not _mapped(ip)
)


def _mapped(ip: Address) -> bool:
    return getattr(ip, "ipv4_mapped", None) is not None


def settings_of(line: str) -> Trust:
    """Return what a file with this line in [server] trusts."""
    return trust_of(parse(f"[server]\n{line}\n", Path("localai.toml")))


def client(*forwarded: str, peer: str | None = PEER, by: Trust = PROXIED) -> str:
    """Return who is taken for the caller of a request with these headers."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    scope = {"client": None if peer is None else (peer, 1), "headers": headers}
    return Connection(scope, by).client


# ---- proxies


@given(st.lists(texts, max_size=4), st.sampled_from(["203.0.113.9", "2001:db8::1", "127.0.0.1"]))
def test_nobody_else_is_believed(forwarded: list[str], peer: str) -> None:
    """Whatever a peer that is no trusted proxy sends, it is the caller itself."""
    assert client(*forwarded, peer=peer) == peer
    assert client(*forwarded, peer=peer, by=Trust()) == peer


@given(st.lists(texts, max_size=9), strangers, st.lists(proxies, max_size=MAX_HOPS - 1))
def test_the_caller_is_the_first_from_the_right_that_is_no_proxy(
    forged: list[str], caller: Address, chain: list[str]
) -> None:
    """What the caller itself has sent, further left, changes nothing."""
    header = ",".join([*forged, str(caller), *chain])
    assert client(header) == str(caller)
    assert client(*header.split(",")) == str(caller)


def test_a_hundred_forged_addresses_change_nothing() -> None:
    """However many a caller claims, the proxy's own entry counts."""
    forged = ", ".join(f"192.0.2.{number}" for number in range(100))
    assert client(f"{forged}, 203.0.113.9") == "203.0.113.9"
    assert client(*[forged] * 50, "203.0.113.9, 10.2.3.4") == "203.0.113.9"


@given(st.lists(proxies, min_size=1, max_size=MAX_HOPS))
def test_among_proxies_the_first_is_the_caller(chain: list[str]) -> None:
    """Where all are proxies, the one that began it calls for itself."""
    assert client(", ".join(chain)) == chain[0]


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("", PEER),
        ("unknown", PEER),
        ("203.0.113.9, unknown", PEER),
        ("203.0.113.9,", PEER),
        ("203.0.113.9, 10.0.0.300", PEER),
        ("203.0.113.9, 010.0.0.2", PEER),
        ("203.0.113.9 10.0.0.2", PEER),
        ("unknown, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, , 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, " + "1" * 1000 + ", 10.0.0.2", "10.0.0.2"),
    ],
)
def test_what_is_no_address_ends_the_walk(forwarded: str, expected: str) -> None:
    """The caller is then the last proxy that could be told."""
    assert client(forwarded) == expected


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        ("203.0.113.9:51234", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:db8::9]:51234", "2001:db8::9"),
        ("2001:0DB8:0:0::9", "2001:db8::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::1", "::1"),
        ("203.0.113.9:", None),
        ("203.0.113.9:x", None),
        ("203.0.113.9:123456", None),
        ("203.0.113", None),
        ("[203.0.113.9]", "203.0.113.9"),
        ("[2001:db8::9", None),
        ("2001:db8::9]:80", None),
        ("[]", None),
        ("%eth0", None),
        ("fe80::1%" + "x" * 100, None),
        ("localhost", None),
        ('"203.0.113.9"', None),
        ("1.2.3.4\x00", None),
        ("", None),
    ],
)
def test_how_a_hop_may_be_written(hop: str, expected: str | None) -> None:
    """Ports, brackets, zones and mapped IPv4 are understood; what is not clear is no address."""
    assert address_of(hop) == expected


@given(texts)
def test_a_hop_is_an_address_in_one_spelling_or_none(text: str) -> None:
    """Whatever stands there, limits see an address that reads back as itself."""
    found = address_of(text)
    assert found is None or (str(ipaddress.ip_address(found)), address_of(found)) == (found, found)


@given(strangers)
def test_an_address_is_the_same_on_every_way(ip: Address) -> None:
    """A caller is counted once, whether it came by a dual socket, a proxy or both."""
    assert client(f"[{ip}]:80" if ip.version == 6 else f"{ip}:80") == str(ip)
    if ip.version == 4:
        assert client(peer=f"::ffff:{ip}") == client(f"::ffff:{ip}") == str(ip)


def test_mapped_proxies_are_proxies() -> None:
    """On a socket for both families an IPv4 proxy is known, too."""
    assert client("203.0.113.9", peer="::ffff:10.0.0.1") == "203.0.113.9"
    assert client("203.0.113.9, ::ffff:10.2.3.4") == "203.0.113.9"


def test_a_unix_socket_can_be_a_proxys() -> None:
    """Whoever connects by one is believed where the file says so, and is nameless else."""
    unix = settings_of('trusted_proxies = ["unix"]')
    assert client("203.0.113.9", peer=None, by=unix) == "203.0.113.9"
    assert client(peer=None, by=unix) == client("unknown", peer=None, by=unix) == ""
    assert client("203.0.113.9", peer=None) == ""
    assert client("203.0.113.9", by=unix) == PEER


def test_a_filled_header_costs_little() -> None:
    """Of 32 KB of proxies' addresses only the last few are looked at."""
    filled = ",".join(f"10.1.{number % 256}.{number // 256}" for number in range(3600))
    assert client(filled) == filled.split(",")[-MAX_HOPS]


def test_long_texts_are_not_remembered() -> None:
    """What callers send can't fill the memory of what was looked up before."""
    before = trust._is_loopback.cache_info().currsize, trust._plain.cache_info().currsize
    for number in range(50):
        assert not is_loopback(f"{number:032000}")
        assert client(f"{number:032000}") == PEER
    assert (trust._is_loopback.cache_info().currsize, trust._plain.cache_info().currsize) == before


@pytest.mark.parametrize(
    "proxy", ["proxy.lan", "10.0.0.1/8", "10.0.0.0/33", "", "*", "10.0.0.1:80", "[::1]"]
)
def test_a_proxy_must_be_an_address(proxy: str) -> None:
    """Names and slips are an error with line, table and key."""
    with pytest.raises(SettingsError, match=r"^localai\.toml:2: \[server\] trusted_proxies: exp"):
        settings_of(f'trusted_proxies = ["10.0.0.1", "{proxy}"]')


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_not_everybody_can_be_a_proxy(network: str) -> None:
    """Else every caller could claim any address, and no limit would hold."""
    with pytest.raises(SettingsError, match=f"'{network}' is everybody.*: name the proxies"):
        settings_of(f'trusted_proxies = ["{network}"]')


# ---- hosts


@pytest.mark.parametrize(
    "host",
    [
        "box.lan",
        "BOX.LAN:8000",
        "box.lan.",
        "a.example.org",
        "a.b.example.org:443",
        "localhost",
        "sub.localhost:1",
        "127.0.0.1:8000",
        "[::1]:8000",
        "[::ffff:127.0.0.1]",
        "192.168.1.5:8000",
        "[fd00::5]:8000",
    ],
)
def test_names_that_are_answered_to(host: str) -> None:
    """Loopback's names and those of the file are, whatever their case, dot and port."""
    hosts = '"Box.lan", "*.Example.org", "192.168.1.5", "[FD00::5]"'
    assert settings_of(f"allowed_hosts = [{hosts}]").answers_to(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.com",
        "box.lan.evil.com",
        "xbox.lan",
        "boxxlan",
        "example.org",
        ".example.org",
        "evilexample.org",
        "localhost.evil.com",
        "192.168.1.50",
        "10.0.0.1",
        "[fd00::6]",
    ],
)
def test_names_that_are_not(host: str) -> None:
    """A pattern stands for names below it only, and no character of it for another."""
    rules = settings_of('allowed_hosts = ["box.lan", "*.example.org", "192.168.1.5", "fd00::5"]')
    assert not rules.answers_to(host)


@given(texts)
def test_without_names_every_host_is_served(host: str) -> None:
    """An empty list asks for nothing."""
    assert Trust().answers_to(host)
    assert not Trust().names(host)


@given(st.text(st.characters(max_codepoint=255)))
def test_no_host_breaks_the_check(host: str) -> None:
    """Whatever a Host header holds, it is answered to or not."""
    Trust(("box.lan", "*.example.org")).answers_to(host)


@pytest.mark.parametrize(
    "host", ["https://box.lan", "box.lan:8000", "box.lan/", "*", "a*.lan", "a b", "", "*.", "[::x]"]
)
def test_a_host_must_be_a_name(host: str) -> None:
    """Addresses of pages, ports and other patterns are an error with line, table and key."""
    with pytest.raises(SettingsError, match=r"^localai\.toml:2: \[server\] allowed_hosts: expec"):
        settings_of(f'allowed_hosts = ["{host}"]')


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Box.Lan:80", "box.lan"),
        ("box.lan.", "box.lan"),
        ("[FD00::1]:80", "fd00::1"),
        ("[::1]", "::1"),
        ("", ""),
    ],
)
def test_the_name_of_a_host_header(host: str, name: str) -> None:
    """It is told without port, brackets and the dot of the root, in lower case."""
    assert host_name(host) == name


def test_the_file_says_who_needs_no_key() -> None:
    """`allow_anonymous` is part of what is trusted."""
    assert settings_of("allow_anonymous = true").anonymous
    assert not settings_of("").anonymous


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://127.9.9.9:11434", True),
        ("http://LOCALHOST:11434", True),
        ("http://[::1]:11434", True),
        ("http://127.example.org:11434", False),
        ("http://192.0.2.1:11434", False),
        ("http://box.lan", False),
        ("", False),
    ],
)
def test_only_loopback_is_here(url: str, expected: bool) -> None:
    """Names that only look like an address of loopback are other machines."""
    assert is_here(url) is expected

"""Whose word the router takes: its own host names, and the proxies in front of it."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from core.config import Settings
from core.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"
"""Stands in `trusted_proxies` for whoever connects by a Unix socket."""

MAX_HOPS = 32
"""More proxies than any chain has: the work for a header that somebody has filled is bounded."""

MAX_NAME = 253
"""Characters of a host name, by RFC 1035 §2.3.4; longer ones are not even remembered."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What [server] says about hosts, proxies and callers without a key, parsed once."""

    hosts: tuple[str, ...] = ()
    """Names, or patterns such as `*.example.org`, in lower case."""
    proxies: tuple[Network, ...] = ()
    unix: bool = False
    """Whether whoever connects by a Unix socket is a proxy."""
    anonymous: bool = False
    """Whether callers of other machines need no key."""

    def names(self, host: str) -> bool:
        """Say whether a host name is one of the file's."""
        return any(_fits(host, pattern) for pattern in self.hosts)

    def answers_to(self, host: str) -> bool:
        """Say whether requests for this `Host` header are served at all."""
        if not self.hosts:
            return True
        name = host_name(host)
        return is_loopback(name) or self.names(name)

    def is_proxy(self, address: str) -> bool:
        """Say whether a peer is one of the proxies; an empty address is a Unix socket."""
        if not address:
            return self.unix
        return bool(self.proxies) and _is_in(address, self.proxies)

    def client_of(self, peer: str, forwarded: str) -> str:
        """Return who stands behind `peer`, from the right of `X-Forwarded-For`.

        Only what a trusted proxy has added is believed: the walk ends at the first address that
        is no proxy, or before the first text that is no address.
        """
        client = peer
        for hop in reversed(forwarded.rsplit(",", MAX_HOPS)):
            address = address_of(hop.strip()) if self.is_proxy(client) else None
            if address is None:
                break
            client = address
        return client


NOBODY = Trust()


def trust_of(settings: Settings) -> Trust:
    """Read [server]; raise `SettingsError` for a host or proxy that is none."""
    server = settings.server
    return Trust(
        hosts=tuple(_host(settings, each) for each in server.allowed_hosts),
        proxies=tuple(_network(settings, each) for each in server.trusted_proxies if each != UNIX),
        unix=UNIX in server.trusted_proxies,
        anonymous=server.allow_anonymous,
    )


def is_loopback(host: str) -> bool:
    """Say whether an address or host name is this machine's own."""
    return len(host) <= MAX_NAME and _is_loopback(host)


@lru_cache(maxsize=64)
def is_here(url: str) -> bool:
    """Say whether a base URL is this machine's: only then its sensors know what happens there."""
    return is_loopback(urlsplit(url).hostname or "")


def host_name(host: str) -> str:
    """Return a Host header's name in lower case, without its port and the root's dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def address_of(hop: str) -> str | None:
    """Return the address of one hop in its usual spelling, without port or zone, or `None`."""
    match = _HOP.fullmatch(hop)
    return _plain(match["boxed"] or match["v4"] or match["v6"]) if match else None


_HOP = re.compile(
    r"""
      (?P<v4> [0-9.]{7,15} ) (?: :[0-9]{1,5} )?
    | \[ (?P<boxed> [0-9A-Fa-f:.]{2,45} ) (?: %[^\]]{1,32} )? \] (?: :[0-9]{1,5} )?
    | (?P<v6> [0-9A-Fa-f:.]{2,45} ) (?: %.{1,32} )?
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"(?: \*\. )? [a-z0-9_-]+ (?: \. [a-z0-9_-]+ )*", re.VERBOSE)


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return len(host) >= len(pattern) and host.endswith(pattern[1:])
    return host == pattern


@lru_cache(maxsize=4096)
def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _unmapped(ipaddress.ip_address(host.strip("[]"))).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        ip = _unmapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    return any(ip in network for network in networks)


@lru_cache(maxsize=4096)
def _plain(address: str) -> str | None:
    try:
        return str(_unmapped(ipaddress.ip_address(address)))
    except ValueError:
        return None


def _unmapped(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 one such as `::ffff:127.0.0.1` stands for."""
    return getattr(ip, "ipv4_mapped", None) or ip


def _host(settings: Settings, text: str) -> str:
    """Check a name of `allowed_hosts`; an IPv6 address may stand in brackets there."""
    host = text.lower().removesuffix(".")
    if ":" in host:
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            pass
    elif _NAME.fullmatch(host):
        return host
    raise _wrong(
        settings,
        "allowed_hosts",
        'expected names such as "box.lan", patterns such as "*.example.org", or addresses, '
        f"without scheme, port and path: '{text}'",
    )


def _network(settings: Settings, text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise _wrong(
            settings,
            "trusted_proxies",
            f'expected addresses, networks such as "10.0.0.0/8", or "unix": {error}',
        ) from None
    if not network.prefixlen:
        raise _wrong(
            settings,
            "trusted_proxies",
            f"'{text}' is everybody, who could then claim any address: name the proxies",
        )
    return network


def _wrong(settings: Settings, key: str, message: str) -> SettingsError:
    return settings.document.error(("server",), key, message)

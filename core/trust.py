"""Whose word the router takes: its own host names, and the proxies in front of it."""

import ipaddress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from core.config import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIX = "unix"
"""Stands in `trusted_proxies` for whoever connects by a Unix socket."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What [server] says about hosts and proxies, parsed once."""

    hosts: tuple[str, ...] = ()
    """Names or patterns such as `*.example.org`, in lower case."""
    proxies: tuple[Network, ...] = ()
    unix: bool = False
    """Whether whoever connects by a Unix socket is a proxy."""

    def names(self, host: str) -> bool:
        """Say whether a host name is one of the file's."""
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)

    def answers_to(self, host: str) -> bool:
        """Say whether requests for this `Host` header are served at all."""
        if not self.hosts:
            return True
        name = host_name(host)
        return is_local_name(name) or self.names(name)

    def is_proxy(self, address: str) -> bool:
        """Say whether a peer is one of the proxies; an empty address is a Unix socket."""
        return self.unix if not address else _is_in(address, self.proxies)

    def client_of(self, peer: str, forwarded: str) -> str:
        """Return who stands behind `peer`, from the right of `X-Forwarded-For`.

        Only what a trusted proxy has added is believed: the walk ends at the first address that
        is no proxy, or before the first text that is no address.
        """
        client = peer
        hops = forwarded.split(",") if forwarded else []
        while hops and self.is_proxy(client):
            hop = _address(hops.pop().strip())
            if hop is None:
                break
            client = hop
        return client


NOBODY = Trust()


def trust_of(settings: Settings) -> Trust:
    """Read [server]; raise `SettingsError` for a proxy that is no address or network."""
    networks: list[Network] = []
    unix = False
    for each in settings.server.trusted_proxies:
        if each == UNIX:
            unix = True
            continue
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError as error:
            raise settings.document.error(
                ("server",),
                "trusted_proxies",
                f'expected addresses, networks such as "10.0.0.0/8", or "unix": {error}',
            ) from None
    hosts = tuple(host.lower() for host in settings.server.allowed_hosts)
    return Trust(hosts, tuple(networks), unix)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Say whether an address or host name is this machine's own."""
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return is_local_name(address)
    return _unmapped(ip).is_loopback


def host_name(host: str) -> str:
    """Return a Host header's name without its port, in lower case."""
    if host.startswith("["):
        return host.partition("]")[0].lstrip("[").lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """Say whether a host name is one of this machine's own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
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
def _address(text: str) -> str | None:
    """Return the address of one hop, which may carry a port, or `None`."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(_unmapped(ipaddress.ip_address(bare)))
    except ValueError:
        return None


def _unmapped(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 one such as `::ffff:127.0.0.1` stands for."""
    return getattr(ip, "ipv4_mapped", None) or ip

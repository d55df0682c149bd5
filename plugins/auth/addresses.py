"""Addresses as limits count them: what one customer has is one, not each of its numbers."""

import ipaddress
from functools import lru_cache

UNIX = "unix"
"""Stands for all callers of a Unix socket, who have no address."""


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """Return an IPv4 address as it is, and of an IPv6 one its /64, which is one customer's."""
    return _prefix(address, 32)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network of a neighbourhood: /24 of IPv4, /64 of IPv6."""
    return _prefix(address, 24)


def _prefix(address: str, bits: int) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address or UNIX
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.version == 6:
        bits = 64
    elif bits == 32:
        return str(ip)
    return str(ipaddress.ip_network((ip, bits), strict=False))

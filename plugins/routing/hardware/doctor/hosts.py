"""Which host names are this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Say whether a name or address is one that only this machine reaches."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_this_machine(host: str) -> bool:
    """Say the same, also of what stands for all addresses of a machine."""
    address = _address(host)
    return is_loopback(host) or (address is not None and address.is_unspecified)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

"""Which host names are this machine."""

import ipaddress

from localai import is_loopback


def is_this_machine(host: str) -> bool:
    """Say whether a name or address is loopback's, or stands for all addresses of a machine."""
    if is_loopback(host.lower()):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_unspecified

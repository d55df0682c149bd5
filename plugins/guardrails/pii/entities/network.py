"""Addresses of hosts."""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import WORD
from plugins.guardrails.stream.rule import Rule

# RFC 1918, 6598, 3927; RFC 4193, 4291.
_PRIVATE_4 = tuple(
    IPv4Network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
)
_MOST_OF_VERSIONS = 32
_PRIVATE_6 = (IPv6Network("fc00::/7"), IPv6Network("fe80::/10"))


def is_public(text: str) -> bool:
    """Say whether a text is an address that may tell who somebody is."""
    address = _address(text)
    return address is not None and not _is_private(address)


def is_private(text: str) -> bool:
    """Say whether a text is an address of a private or link-local network."""
    address = _address(text)
    return address is not None and _is_private(address)


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in _PRIVATE_4)
    return any(address in network for network in _PRIVATE_6)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address, or `None` for what is none or nobody's: loopback, masks, versions.

    Of a range it is the first.
    """
    text, _, last = text.partition("-")
    if last and _address(last) is None:
        return None
    try:
        address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        return None
    if isinstance(address, IPv6Address):
        # `::1` and `::` are everybody's; names of code, as `ace::add`, have no digits.
        groups = [group for group in text.split(":") if group]
        named = len(groups) > 1 and any(character.isdecimal() for character in text)
        return None if not named or address.is_multicast else address
    octets = address.packed
    if octets[0] in (0, 127) or octets[0] > 223:
        return None
    # Versions and object identifiers, as 1.2.3.4 and 13.17.12.7. Of public hosts, one in 4,096
    # is so numbered; those that people write are resolvers of everybody, as 8.8.8.8.
    if max(octets) < _MOST_OF_VERSIONS and not _is_private(address):
        return None
    return address


_FOUR = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
_HEX = "[0-9A-Fa-f]"
_SIX = rf"(?:{_HEX}{{1,4}}:|::)(?:{_HEX}{{0,4}}:){{0,6}}(?:{_HEX}{{1,4}}|:|{_FOUR})"


def _entity(name: str, label: str, is_valid: Callable[[str], bool]) -> Entity:
    rules = (
        Rule(
            name=name,
            # A range is one match; what else follows after a dash, as in `10.4.33.127-beta`, tells
            # a version.
            pattern=f"{_FOUR}(?:-{_FOUR})?",
            not_after=f"{WORD}.\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_valid,
        ),
        Rule(
            name=name,
            pattern=_SIX,
            not_after=f"{WORD}:.",
            not_before=f"{WORD}:",
            is_valid=is_valid,
        ),
    )
    return Entity(name=name, group="network", label=label, rules=rules)


IP = _entity("ip", "IP", is_public)
IP_PRIVATE = _entity("ip_private", "PRIVATE_IP", is_private)

"""What counts as one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.addresses import UNIX, network_of, place_of


@pytest.mark.parametrize(
    ("address", "place", "network"),
    [
        ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/64"),
        ("", UNIX, UNIX),
        ("not an address", "not an address", "not an address"),
    ],
)
def test_what_one_customer_has_is_one(address: str, place: str, network: str) -> None:
    """IPv4 counts whole or by /24, IPv6 by /64; a mapped address is its IPv4 one."""
    assert (place_of(address), network_of(address)) == (place, network)


@given(st.ip_addresses(v=6, network="2001:db8::/64"))
def test_all_addresses_of_a_customer_are_one(address: object) -> None:
    """Of the 2^64 addresses that one has, none is another caller."""
    assert place_of(str(address)) == network_of(str(address)) == "2001:db8::/64"

"""Addresses of hosts."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.pii.entities.network import IP, IP_PRIVATE, is_private, is_public
from tests.plugins.guardrails.pii.entities.support import found


@given(st.ip_addresses(v=4).filter(lambda address: max(address.packed) > 31))
def test_an_address_is_public_or_private_or_nobodys(address: ipaddress.IPv4Address) -> None:
    """It is never both, and private only where the standard library agrees."""
    text = str(address)
    assert not (is_public(text) and is_private(text))
    assert found(IP, f"from {text}.") == [text] * is_public(text)
    assert found(IP_PRIVATE, f"from {text}:80") == [text] * is_private(text)
    if is_private(text):
        assert not address.is_global
    if address.is_global and not address.is_multicast:
        assert is_public(text)


@pytest.mark.parametrize(
    "text", ["2001:db8::ff00:42:8329", "2A02:8071:6100::1", "64:ff9b::1.2.3.4"]
)
def test_addresses_of_version_6_are_found(text: str) -> None:
    """Short forms, capitals, and with a part of version 4."""
    assert found(IP, f"host [{text}]") == [text]


@pytest.mark.parametrize("text", ["fe80::1ff:fe23:4567:890a", "fd12:3456:789a:1::1"])
def test_local_addresses_of_version_6_are_private(text: str) -> None:
    """Link-local and unique local ones are."""
    assert found(IP_PRIVATE, f"{text}") == [text]
    assert found(IP, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4",
        "13.17.12.7",
        "8.8.8.8",
        "v93.184.216.34",
        "10.15.7",
        "120.0.6099.109",
        "1.3.6.1.4.1.311.21",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "192.168.001.001",
        "10.47.33.127-beta",
        "::1",
        "std::vector",
        "dead::beef",
        "12:30:45",
        "00:1a:2b:3c:4d:5e",
    ],
)
def test_versions_masks_times_and_names_of_code_are_left(text: str) -> None:
    """What has dots or colons is not always a host, and the host itself is nobody."""
    assert found(IP, f"x {text} y") == found(IP_PRIVATE, f"x {text} y") == []


def test_a_range_is_one_match() -> None:
    """Both of its ends are addresses."""
    assert found(IP_PRIVATE, "10.0.0.1-10.0.0.99") == ["10.0.0.1-10.0.0.99"]
    assert found(IP_PRIVATE, "10.0.0.1-999.0.0.99") == []

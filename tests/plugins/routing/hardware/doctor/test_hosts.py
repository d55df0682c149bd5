"""Which hosts are this machine."""

import pytest

from localai import is_loopback
from plugins.routing.hardware.doctor.hosts import is_this_machine


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("LOCALHOST", True),
        ("ollama.localhost", True),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.7", False),
        ("box.lan", False),
        ("", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback_is_this_machine(host: str, expected: bool) -> None:
    """Only names and addresses of loopback, and those of all addresses, are."""
    assert is_this_machine(host) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("0.0.0.0", False), ("", False)],
)
def test_all_addresses_are_more_than_loopback(host: str, expected: bool) -> None:
    """What listens on all of them is reached from elsewhere."""
    assert is_loopback(host) is expected

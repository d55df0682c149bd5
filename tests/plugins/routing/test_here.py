"""Which Ollamas are on this machine."""

import pytest

from plugins.routing.here import is_here


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

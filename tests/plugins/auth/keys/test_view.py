"""Keys as they are shown."""

import re

import msgspec
import pytest

from plugins.auth.keys.record import Key
from plugins.auth.keys.view import issued, view
from tests.plugins.auth.keys.support import a_key


def test_a_secret_is_shown_once() -> None:
    """What is shown of a key has no digest in it; its text is in what its maker gets, only."""
    key = a_key(digest=b"canary" * 5 + b"--", old_digest=b"second" * 5 + b"--")
    shown = msgspec.json.encode(view(key, 10.0)).decode()
    assert "canary" not in shown
    assert "second" not in shown
    assert "digest" not in shown
    assert '"key"' not in shown
    once = msgspec.json.decode(msgspec.json.encode(issued("lai_the_whole", key, 10.0)))
    assert once.pop("key") == "lai_the_whole"
    assert once == msgspec.json.decode(shown)


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (a_key(), "active"),
        (a_key(expires_at=11.0), "active"),
        (a_key(expires_at=10.0), "expired"),
        (a_key(revoked_at=5.0), "revoked"),
        (a_key(revoked_at=5.0, expires_at=3.0), "revoked"),
    ],
)
def test_the_state_says_whether_it_works(key: Key, state: str) -> None:
    """A key is active, expired or revoked."""
    assert view(key, 10.0).state == state


def test_moments_are_texts_with_their_offset() -> None:
    """All moments are RFC 3339 in UTC; a rotation that is over is not shown."""
    key = a_key(expires_at=4e9, last_used_at=2.5, old_expires_at=20.0)
    shown = msgspec.json.decode(msgspec.json.encode(view(key, 10.0)))
    for name in ("created_at", "expires_at", "last_used_at", "old_secret_until"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", shown[name])
    assert shown["revoked_at"] is None
    assert view(key, 20.0).old_secret_until is None

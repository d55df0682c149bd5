"""Rows in memory."""

from tests.plugins.auth.keys.support import a_key


def test_a_record_shows_its_id_only() -> None:
    """No representation of a record has anything of its secret."""
    key = a_key(digest=b"canary" * 5 + b"--")
    assert repr(key) == str(key) == f"{key}" == "Key(key:0000000000)"


def test_records_are_compared_by_identity() -> None:
    """Two records of one row are two states of it, never the same."""
    assert a_key() != a_key()

"""Seals on values."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.cache.seal import LENGTH, Seal

SECRETS = st.binary(max_size=100)
KEYS = st.text(max_size=20)
VALUES = st.binary(max_size=200)


@given(SECRETS, KEYS, VALUES)
def test_what_was_sealed_opens(secret: bytes, key: str, value: bytes) -> None:
    """Whoever has the secret gets the value back, at the cost of a few bytes."""
    sealed = Seal(secret).close(key, value)
    assert len(sealed) == LENGTH + len(value)
    assert Seal(secret).open(key, sealed) == value


@given(SECRETS, KEYS, VALUES, st.data())
def test_no_changed_byte_passes(secret: bytes, key: str, value: bytes, data: st.DataObject) -> None:
    """One bit that is flipped anywhere makes a value nobody's."""
    sealed = bytearray(Seal(secret).close(key, value))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    assert Seal(secret).open(key, bytes(sealed)) is None


@given(SECRETS, KEYS, VALUES, st.integers(min_value=0), VALUES)
def test_no_cut_or_longer_value_passes(
    secret: bytes, key: str, value: bytes, end: int, more: bytes
) -> None:
    """A value opens whole or not at all."""
    sealed = Seal(secret).close(key, value)
    assert Seal(secret).open(key, sealed[: end % len(sealed)]) is None
    assert Seal(secret).open(key, sealed + more + b"\0") is None


@given(SECRETS, KEYS, KEYS, VALUES)
def test_no_value_of_another_key_passes(secret: bytes, key: str, other: str, value: bytes) -> None:
    """An answer that is moved to another question is none."""
    opened = Seal(secret).open(other, Seal(secret).close(key, value))
    assert opened == (value if key == other else None)


@given(SECRETS, SECRETS, KEYS, VALUES)
def test_nobody_without_the_secret_can_seal(
    secret: bytes, other: bytes, key: str, value: bytes
) -> None:
    """What is sealed with another secret, or none, does not open."""
    opened = Seal(secret).open(key, Seal(other).close(key, value))
    assert opened == (value if secret == other else None)

"""The form of a key and its digest."""

import hashlib
import hmac
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.auth.keys import format
from plugins.auth.keys.format import (
    BASE62,
    NOBODYS,
    digest,
    hint,
    is_kid,
    make,
    matches,
    parse,
    renew,
)

PEPPER = bytes(range(32))
ALPHABET = string.ascii_letters + string.digits + "_-"

keys = st.builds(lambda: make()[1])


def test_a_key_has_the_form_that_is_documented() -> None:
    """`lai_`, ten base62 characters, 43 of base64url, six base62: 65 in all, none alike."""
    made = [make() for _ in range(200)]
    for kid, key in made:
        assert re.fullmatch(r"lai_[0-9A-Za-z]{10}_[0-9A-Za-z_-]{43}_[0-9A-Za-z]{6}", key)
        assert key[4:14] == kid
        assert len(key) == 65
    assert len({kid for kid, _ in made}) == len({key[15:58] for _, key in made}) == 200


@given(keys)
def test_a_key_is_parsed_into_its_parts(key: str) -> None:
    """What was made is parsed: the kid, and all before the check."""
    found = parse(key)
    assert found is not None
    assert (found.kid, found.body) == (key[4:14], key[:58])
    assert hint(key) == key[-4:]


@given(keys)
def test_a_renewed_key_has_the_same_kid_and_another_secret(key: str) -> None:
    """Rotation keeps the kid, and nothing else."""
    kid = key[4:14]
    found = parse(renew(kid))
    assert found is not None
    assert found.kid == kid
    assert found.body != key[:58]


@given(keys, st.integers(0, 64), st.sampled_from(ALPHABET))
def test_any_other_character_is_refused(key: str, place: int, other: str) -> None:
    """A key in which one character is another one is not a key: the check sees every such slip."""
    changed = key[:place] + other + key[place + 1 :]
    assert (parse(changed) is None) is (changed != key)


@given(keys, st.integers(0, 63))
def test_two_characters_that_changed_places_are_refused(key: str, place: int) -> None:
    """A key with two neighbours swapped is not a key."""
    swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert (parse(swapped) is None) is (swapped != key)


@given(st.text(max_size=80) | keys.map(lambda key: key[:-1]) | keys.map(lambda key: key + "\n"))
@example("")
@example("lai_")
@example("lai_" + "0" * 61)
@example("lai_' OR 1=1; --_" + "a" * 43 + "_000000")
def test_anything_else_is_refused(text: str) -> None:
    """No other text is a key, and none makes the parser fail."""
    assert parse(text) is None


@given(keys, st.sampled_from(["é", "\x00", " ", "\u0661", "\uff41"]), st.integers(0, 64))
def test_only_ascii_is_a_key(key: str, character: str, place: int) -> None:
    """Digits and letters of other scripts do not stand for ASCII's."""
    assert parse(key[:place] + character + key[place + 1 :]) is None


@given(keys, keys, st.binary(min_size=32, max_size=32))
def test_digests_differ_with_key_and_pepper(one: str, other: str, pepper: bytes) -> None:
    """A digest is 32 bytes of BLAKE2b, and another one for another key or another pepper."""
    found = digest(one, PEPPER)
    assert found == hashlib.blake2b(one.encode(), key=PEPPER, digest_size=32).digest()
    assert found != digest(other, PEPPER)
    assert (found == digest(one, pepper)) is (pepper == PEPPER)


@pytest.mark.parametrize(
    ("given", "old_expires_at", "expected"),
    [
        (b"new", None, True),
        (b"new", 1.0, True),
        (b"old", 11.0, True),
        (b"old", 10.0, False),
        (b"old", 9.0, False),
        (b"old", None, False),
        (b"odd", 11.0, False),
    ],
)
def test_the_old_secret_works_until_its_end(
    given: bytes, old_expires_at: float | None, expected: bool
) -> None:
    """Two secrets are right while a key is rotated, and then one."""
    pad = b"-" * 29
    found = matches(given + pad, b"new" + pad, b"old" + pad, old_expires_at, now=10.0)
    assert found is expected


@pytest.mark.parametrize("old", [None, b"o" * 32])
@pytest.mark.parametrize("like", [b"n" * 32, b"o" * 32, b"x" * 32])
def test_each_comparison_does_the_same_work(
    monkeypatch: pytest.MonkeyPatch, like: bytes, old: bytes | None
) -> None:
    """Two digests of 32 bytes are compared in constant time, whatever comes out."""
    sizes = []

    def compare(one: bytes, other: bytes) -> bool:
        sizes.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    matches(like, b"n" * 32, old, 20.0, now=10.0)
    assert sizes == [(32, 32), (32, 32)]
    assert len(NOBODYS) == format.DIGEST_SIZE


def test_nothing_of_the_secret_is_shown() -> None:
    """The parts of a key show the kid only, however they are printed."""
    kid, key = make()
    found = parse(key)
    assert repr(found) == str(found) == f"{found}" == f"Given({kid})"


@given(st.text(max_size=12))
@example("0" * 10)
@example("0" * 10 + "\n")
def test_a_kid_is_ten_base62_characters(text: str) -> None:
    """Nothing else is looked up in the database."""
    assert is_kid(text) is (len(text) == 10 and set(text) <= set(BASE62))

"""One pass tells what occurs in a text."""

from unittest.mock import patch

import pytest

from plugins.guardrails.stream import prefilter
from plugins.guardrails.stream.prefilter import Prefilter, TooLargeError


def test_it_says_what_occurs_and_where() -> None:
    """Expressions are numbered as they are listed; the same one is listed once."""
    two = Prefilter(["ab", "[0-9]é", "ab"])
    assert two.occurring("xyz") == []
    assert sorted(two.occurring("é ab ab 4é")) == [0, 1]
    assert [two.find(0, "é ab ab 4é", start) for start in (0, 3, 6)] == [2, 5, None]
    assert two.find(1, "é ab ab 4é", 1) == 8


def test_it_knows_what_it_can_not_hold() -> None:
    """Expressions that don't fit in the memory are refused, rather than never found."""
    for most in (1, 3000):
        with patch.object(prefilter, "MOST_MEMORY", most), pytest.raises(TooLargeError):
            Prefilter(["[a-z]{900}x", "[a-z]{999}y"])


def test_half_a_surrogate_pair_is_an_error() -> None:
    """A text that has no encoding is not searched as if it were another one."""
    with pytest.raises(UnicodeEncodeError):
        Prefilter(["a"]).occurring("a\ud800")

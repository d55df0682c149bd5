"""Verdicts on tokens, remembered for a while."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.tokens.verdicts import LIFE, Verdicts, digest_of


class Clocks:
    """Both clocks, set by hand."""

    def __init__(self) -> None:
        self.clock, self.wall = 100.0, 1e9

    def verdicts(self, most: int = 10) -> Verdicts[str]:
        """Return verdicts that go by these."""
        return Verdicts(most, clock=lambda: self.clock, wall=lambda: self.wall)


def test_a_verdict_counts_for_a_minute_and_not_after_the_tokens_end() -> None:
    """What ends first, the minute or the token, ends the verdict."""
    time = Clocks()
    verdicts = time.verdicts()
    verdicts.put(b"long", "anna", time.wall + 1800)
    verdicts.put(b"short", "ben", time.wall + 10)
    assert (verdicts.get(b"long"), verdicts.get(b"short")) == ("anna", "ben")
    time.clock += 10
    time.wall += 10
    assert (verdicts.get(b"long"), verdicts.get(b"short")) == ("anna", None)
    time.clock += LIFE - 10
    assert verdicts.get(b"long") is None
    assert len(verdicts) == 0


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_lets_no_verdict_live_on(jump: int) -> None:
    """An hour back the minute still ends; an hour ahead a token that has ended is not let in."""
    time = Clocks()
    verdicts = time.verdicts()
    verdicts.put(b"a", "anna", time.wall + 1800)
    time.wall += jump
    assert verdicts.get(b"a") == ("anna" if jump < 0 else None)
    time.clock += LIFE
    assert verdicts.get(b"a") is None


@given(st.lists(st.integers(0, 30), max_size=100))
def test_memory_is_bounded_and_the_latest_stay(asked: list[int]) -> None:
    """However many tokens come, the bound holds, and the last ones that were seen are kept."""
    verdicts = Clocks().verdicts(most=5)
    latest: list[int] = []
    for each in asked:
        digest = digest_of(str(each))
        if verdicts.get(digest) is None:
            verdicts.put(digest, str(each), 2e9)
        latest = [*(seen for seen in latest if seen != each), each][-5:]
        assert len(verdicts) <= 5
    assert all(verdicts.get(digest_of(str(each))) == str(each) for each in latest)


@given(st.text("ab.", min_size=1, max_size=50), st.integers(0, 50), st.sampled_from("cd"))
def test_tokens_that_share_almost_all_characters_are_different(
    token: str, at: int, letter: str
) -> None:
    """The key is the whole digest of the whole token."""
    other = token[:at] + letter + token[at + 1 :]
    assert digest_of(token) == hashlib.sha256(token.encode()).digest()
    assert digest_of(token) != digest_of(other)

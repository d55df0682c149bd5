"""Which variant a user gets."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.routing.experiments.assignment import Variants
from tests.pace import within

USERS = [f"user-{number}" for number in range(2000)]
MARGIN = 0.05
"""Four standard deviations of a share of so many users."""
WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.05, 1), min_size=2, max_size=6)


def dealt(weights: dict[str, float], salt: str = "x") -> dict[str, str]:
    """Return the variant of each user."""
    variants = Variants(weights, salt)
    return {user: variants.choose(user) or "" for user in USERS}


def shares(weights: dict[str, float]) -> dict[str, float]:
    """Return the weights as parts of 1."""
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def test_a_user_has_the_same_variant_in_every_process() -> None:
    """The hash is not Python's own, which differs from process to process."""
    code = (
        "from plugins.routing.experiments.assignment import Variants;"
        "print(''.join(Variants({'a': 0.8, 'b': 0.2}, 'x').choose(f'user-{n}')"
        " for n in range(64)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = dealt({"a": 0.8, "b": 0.2})
    assert said.stdout.strip() == "".join(found[user] for user in USERS[:64])
    assert {"a", "b"} == {*said.stdout.strip()}


@given(weights=WEIGHTS)
@settings(deadline=None, max_examples=30)
def test_each_variant_gets_its_share(weights: dict[str, float]) -> None:
    """Of many users, about as many as its weight says."""
    found = [*dealt(weights).values()]
    for name, share in shares(weights).items():
        assert found.count(name) / len(USERS) == pytest.approx(share, abs=MARGIN)


@given(before=WEIGHTS, after=WEIGHTS)
@settings(deadline=None, max_examples=30)
def test_a_change_moves_only_those_whom_it_must(
    before: dict[str, float], after: dict[str, float]
) -> None:
    """Who moves, moves to a variant that has grown against the one before; and in all there are
    about as many as the shares have changed by, between that and twice as many."""
    old, new = dealt(before), dealt(after)
    moved = [user for user in USERS if old[user] != new[user]]
    for user in moved:
        one, other = old[user], new[user]
        ratio_before = before.get(other, 0.0) * after.get(one, 0.0)
        ratio_after = after.get(other, 0.0) * before.get(one, 0.0)
        assert ratio_after > ratio_before * (1 - 1e-9)
    was, is_now = shares(before), shares(after)
    change = sum(abs(was.get(name, 0) - is_now.get(name, 0)) for name in was | is_now) / 2
    assert change - MARGIN <= len(moved) / len(USERS) <= 2 * change / (1 + change) + MARGIN


@pytest.mark.parametrize("step", [0.01, 0.05, 0.1, 0.3])
def test_of_two_variants_exactly_the_change_moves(step: float) -> None:
    """80 to 20 becoming 70 to 30 moves a tenth of all users, all in one direction."""
    old, new = dealt({"a": 0.8, "b": 0.2}), dealt({"a": 0.8 - step, "b": 0.2 + step})
    moves = [(old[user], new[user]) for user in USERS if old[user] != new[user]]
    assert {*moves} == {("a", "b")}
    assert len(moves) / len(USERS) == pytest.approx(step, abs=0.02)


def test_a_new_variant_takes_from_all_and_nobody_else_moves() -> None:
    """Whoever moves, moves to it."""
    old = dealt({"a": 0.5, "b": 0.5})
    new = dealt({"a": 0.5, "b": 0.5, "c": 0.25})
    assert {new[user] for user in USERS if old[user] != new[user]} == {"c"}


def test_another_salt_deals_anew() -> None:
    """So that the same users are not the guinea pigs of each experiment."""
    weights = {"a": 0.5, "b": 0.5}
    one, other = dealt(weights), dealt(weights, "y")
    same = sum(one[user] == other[user] for user in USERS)
    assert same / len(USERS) == pytest.approx(0.5, abs=MARGIN)


def test_who_may_not_have_a_variant_gets_another_and_all_others_stay() -> None:
    """Only the users of the one that is taken away move."""
    variants = Variants({"a": 0.5, "b": 0.3, "c": 0.2, "d": 0.0}, "x")
    for user in USERS[:200]:
        free, bound = variants.choose(user), variants.choose(user, {"a", "b"})
        assert bound in ("a", "b")
        assert free == bound or free == "c"
    assert variants.choose("anna", ()) is None
    assert variants.choose("anna", {"d"}) is None


@given(user=st.text())
def test_any_text_is_a_user(user: str) -> None:
    """Whatever callers send, also what UTF-8 can't say."""
    assert Variants({"a": 1.0, "b": 1.0}, "x").choose(user + "\ud800") in ("a", "b")


def test_a_choice_takes_microseconds() -> None:
    """Between two variants less than ten of them."""
    variants = Variants({"a": 0.8, "b": 0.2}, "x")

    def hundred() -> None:
        for user in USERS[:100]:
            variants.choose(user)

    within(0.003, hundred)

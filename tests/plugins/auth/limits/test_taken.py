"""What is settled, and what is not given back."""

import time
from collections.abc import Sequence

import pytest

from plugins.auth.limits.rules import Charge, Slot, Unit, rate
from plugins.auth.limits.taken import MARGIN, Standing, Taken


def standing(unit: Unit, used: int = 0, wait: float = 10.0) -> Standing:
    """Return a limit of 100 per minute that ends after a wait."""
    charge = Charge(rate("100/minute"), unit, unit, "your key")
    return Standing(charge, 100, used, time.monotonic() + wait)


@pytest.mark.parametrize(
    ("tokens", "wait", "lease", "changes"),
    [
        (50, 10.0, "", []),
        (80, 10.0, "", [30]),
        (80, -1.0, "", [30]),
        (20, 10.0, "", [-30]),
        (20, -1.0, "", []),
        (20, MARGIN / 2, "", [-30]),
        (20, MARGIN / 2, "lease", []),
        (80, MARGIN / 2, "lease", [30]),
    ],
)
def test_debts_are_always_counted_and_refunds_in_time(
    tokens: int, wait: float, lease: str, changes: list[int]
) -> None:
    """More than was reserved counts whenever it comes; less only while its window lasts."""
    standings = [standing("requests", wait=wait), standing("tokens", wait=wait)]
    taken = Taken(standings, (), 50, lease)
    found = list(taken.differences(tokens))
    assert [amount for _, amount in found] == changes
    assert all(charge.unit == "tokens" for charge, _ in found)


@pytest.mark.parametrize(
    ("standings", "slots", "is_open"),
    [
        ([], [], False),
        ([standing("requests")], [], False),
        ([standing("requests"), standing("tokens")], [], True),
        ([], [Slot(1, "key", "your key")], True),
    ],
)
def test_only_tokens_and_slots_are_open(
    standings: Sequence[Standing], slots: Sequence[Slot], is_open: bool
) -> None:
    """A request is counted once and for all."""
    assert Taken(standings, slots, 0).is_open is is_open


def test_a_debt_leaves_nothing_rather_than_less() -> None:
    """What is left is never below 0, nor is a wait."""
    assert (standing("tokens", used=150).remaining, standing("tokens", used=30).remaining) == (
        0,
        70,
    )
    assert standing("tokens", wait=-5).wait == 0


def test_the_tightest_limit_has_the_least_left() -> None:
    """Of two with as little left, the one that lasts longer is tighter."""
    assert standing("requests", used=99).is_tighter(standing("requests", used=98))
    assert not standing("requests", used=98).is_tighter(standing("requests", used=99))
    assert standing("requests", wait=20).is_tighter(standing("requests", wait=10))

"""How much may be asked again."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plugins.routing.fallback.budget import FEW, SECONDS, RetryBudget
from plugins.routing.window import SLICES

SHARE = 0.25


def test_a_few_retries_need_no_other_requests() -> None:
    """A router for one person can ask again, and again after some time."""
    budget = RetryBudget(0.1)
    budget.request(0.0)
    assert [budget.take(0.0) for _ in range(FEW + 1)] == [True] * FEW + [False]
    assert budget.take(SECONDS + 1)


def test_most_of_an_outage_is_not_repeated() -> None:
    """Where a thousand requests fail, about a hundred are sent again."""
    budget = RetryBudget(0.1)
    taken = 0
    for number in range(1000):
        budget.request(number * 0.001)
        taken += budget.take(number * 0.001)
    assert 100 <= taken <= 100 + FEW


@given(requests=st.integers(0, 500))
def test_without_a_share_there_are_but_the_few(requests: int) -> None:
    """However many requests there are."""
    budget = RetryBudget(0.0)
    for _ in range(requests):
        budget.request(0.0)
    assert sum(budget.take(0.0) for _ in range(20)) == FEW


class Machine(RuleBasedStateMachine):
    """Requests and retries in any order, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.budget = RetryBudget(SHARE)
        self.requests: list[float] = []
        self.retries: list[float] = []

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0, 3.0, 20.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(count=st.integers(1, 10))
    def request(self, count: int) -> None:
        """Some ask for the first time."""
        for _ in range(count):
            self.budget.request(self.now)
            self.requests.append(self.now)

    @rule()
    def take(self) -> None:
        """One wants to ask again, and may exactly if the share and the few allow it."""
        allowed = self.recent(self.retries) + 1 <= SHARE * self.recent(self.requests) + FEW
        assert self.budget.take(self.now) == allowed
        if allowed:
            self.retries.append(self.now)

    def recent(self, times: list[float]) -> int:
        """Return how many of these are in the window, as it forgets slice by slice."""
        width = SECONDS / SLICES
        return sum(int(each / width) > int(self.now / width) - SLICES for each in times)

    @invariant()
    def bounded(self) -> None:
        """There are never more retries in all than the share of all requests, and the few for
        each time that is looked back."""
        spans = self.now // (SECONDS - SECONDS / SLICES) + 1
        assert len(self.retries) <= SHARE * len(self.requests) + FEW * spans + FEW


TestMachine = Machine.TestCase

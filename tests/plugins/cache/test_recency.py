"""The order of use against a list."""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plugins.cache.recency import Recency


class Machine(RuleBasedStateMachine):
    """Does the same to the ring and to a list, the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Recency()
        self.model: list[int] = []
        self.most = 0
        """Numbers that were in use at the same time."""

    @rule()
    def new(self) -> None:
        """Take a number that is not in use; the numbers are as few as can be."""
        number = self.ring.new()
        assert number not in self.model
        self.model.append(number)
        self.most = max(self.most, len(self.model))
        assert 0 < number <= self.most

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def touch(self, data: st.DataObject) -> None:
        """Use a number."""
        number = data.draw(st.sampled_from(self.model))
        self.ring.touch(number)
        self.model.remove(number)
        self.model.append(number)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Take a number out of use."""
        number = data.draw(st.sampled_from(self.model))
        self.ring.drop(number)
        self.model.remove(number)

    @invariant()
    def it_knows_the_order(self) -> None:
        """The numbers come in the order of their last use, from either end."""
        upwards, downwards = self.ring._newer, self.ring._older
        assert _walk(upwards) == self.model
        assert _walk(downwards) == self.model[::-1]
        assert self.ring.oldest == (self.model[0] if self.model else 0)


def _walk(links: Sequence[int]) -> list[int]:
    numbers = []
    number = links[0]
    while number:
        numbers.append(number)
        number = links[number]
    return numbers


TestRecency = Machine.TestCase
TestRecency.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

"""Pictures of many flows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.queue import ranks
from plugins.routing.queue.entry import Entry
from plugins.routing.queue.flow import Flow
from plugins.routing.queue.ranks import Ranks


def a_flow(key: str, start: float, costs: list[int]) -> Flow:
    """Return a flow that the fluid begins with at a moment."""
    flow = Flow(key, 1.0, start)
    for cost in costs:
        flow.append(Entry(key, cost), start)
    return flow


COSTS = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.floats(0, 50), COSTS), min_size=1, max_size=8), st.floats(0, 100))
def test_sums_are_those_of_the_flows(given: list[tuple[float, list[int]]], moment: float) -> None:
    """What is served before a moment is the sum of each flow's part, but for the asker's."""
    flows = [a_flow(str(number), *each) for number, each in enumerate(given)]
    parts = [
        min(max((moment - flow.start) / (flow.end - flow.start), 0.0), 1.0) for flow in flows[1:]
    ]
    count, work = Ranks(flows).before(moment, but="0")
    expected = sum(part * len(flow.entries) for part, flow in zip(parts, flows[1:], strict=True))
    assert count == pytest.approx(expected, abs=1e-6)
    expected = sum(part * flow.work for part, flow in zip(parts, flows[1:], strict=True))
    assert work == pytest.approx(expected, abs=1e-6)


def test_a_picture_of_many_is_made_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound every second flow, or third, stands for the others."""
    monkeypatch.setattr(ranks, "MOST", 10)
    flows = [a_flow(str(number), 0.0, [1, 1]) for number in range(40)]
    assert Ranks(flows).before(1.0, but="nobody") == (40.0, 40.0)

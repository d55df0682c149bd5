"""What a key has waiting."""

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.flow import Flow


def test_a_flow_knows_when_the_fluid_serves_it() -> None:
    """Its start and finish follow from what waits, its weight and the time of its coming."""
    flow = Flow("me", 2.0, 10.0)
    for cost in (4, 6):
        flow.append(Entry("me", cost), 10.0)
    assert (flow.start, flow.finish, flow.end, flow.work) == (10.0, 12.0, 15.0, 10)
    flow.take()
    assert (flow.start, flow.finish, flow.end, flow.work) == (12.0, 15.0, 15.0, 6)


def test_what_left_is_not_counted() -> None:
    """An entry that goes unserved takes nothing of its key's share; what is past stays past."""
    flow = Flow("me", 1.0, 0.0)
    one, other = Entry("me", 4), Entry("me", 6)
    flow.append(one, 0.0)
    flow.append(other, 0.0)
    flow.remove(one, 0.0)
    assert [flow.start, flow.end] == [0.0, 6.0]
    flow.remove(other, 5.0)
    assert [flow.work, flow.end] == [0.0, 5.0]


def test_places_spread_what_left_evenly() -> None:
    """When one in the middle has gone, the places of the others stay in order and in bounds."""
    flow = Flow("me", 1.0, 0.0)
    entries = [Entry("me", 2) for _ in range(5)]
    for entry in entries:
        flow.append(entry, 0.0)
    flow.remove(entries.pop(2), 0.0)
    places = [flow.ahead(entry) for entry in entries]
    assert places == sorted(places)
    assert [places[0], places[-1]] == [(0, 0), (3, 6)]

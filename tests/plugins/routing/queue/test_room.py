"""Which models make room."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.estimate.memory import USABLE
from plugins.routing.queue.room import Resident, must_go

RESIDENTS = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Resident, st.integers(1, 50), st.integers(0, 9))
)


def test_the_least_worthy_goes() -> None:
    """Where one must leave, it is that one whose keeping is worth least."""
    idle = {"a": Resident(10, 5.0), "b": Resident(10, 1.0), "c": Resident(10, 3.0)}
    assert must_go(10, 5, idle, others=False) == ["b"]
    assert must_go(10, 20, idle, others=False) == []


def test_nobody_goes_in_vain() -> None:
    """A small model stays when a larger one has to leave anyway."""
    idle = {"small": Resident(1, 1.0), "large": Resident(50, 2.0), "best": Resident(9, 9.0)}
    assert must_go(30, 0, idle, others=False) == ["large"]


@given(st.integers(1, 100), st.integers(0, 100), RESIDENTS, st.booleans())
def test_there_is_room_or_all_are_gone(
    wanted: int, free: int, idle: dict[str, Resident], others: bool
) -> None:
    """Afterwards the model fits, or there is nothing more to unload; and none left in vain."""
    going = must_go(wanted, free, idle, others=others)
    room = free + sum(idle[name].size for name in going)
    assert wanted <= room * USABLE or set(going) == set(idle)
    if wanted <= room * USABLE and set(going) != set(idle):
        assert all(wanted > (room - idle[name].size) * USABLE for name in going)

"""A breaker for each host and model."""

from plugins.routing.hosts.breaker import Terms
from plugins.routing.hosts.breakers import Breakers


def test_each_host_and_model_has_its_own() -> None:
    """The same pair has the same breaker, another one another; looking makes none."""
    breakers = Breakers()
    one = breakers.of("a", "m")
    assert breakers.of("a", "m") is one is breakers.find("a", "m")
    assert len({id(breakers.of(url, model)) for url in "ab" for model in "mn"}) == 4
    assert breakers.find("c", "m") is None
    assert len(breakers) == 4


def test_they_are_bounded() -> None:
    """Above the bound the one goes that was longest not used."""
    breakers = Breakers(most=2)
    first = breakers.of("a", "1")
    breakers.of("a", "2")
    breakers.of("a", "1")
    breakers.of("a", "3")
    assert len(breakers) == 2
    assert breakers.find("a", "1") is first
    assert breakers.find("a", "2") is None


def test_what_is_not_closed_is_told() -> None:
    """The models that a host is not asked for are named with their breakers."""
    breakers = Breakers(Terms(in_a_row=1))
    for url in "ab":
        breaker = breakers.of(url, "m")
        breaker.failed(1.0, breaker.begin(1.0))
    breakers.of("a", "well")
    assert breakers.open("a", 2.0) == {"m": breakers.of("a", "m")}
    assert breakers.open("c", 2.0) == {}


def test_states_are_counted_by_host() -> None:
    """Each host's breakers are counted by their state, half-open ones too."""
    breakers = Breakers(Terms(in_a_row=1, first=10), most=9)
    for url, model in (("one", "a"), ("one", "b"), ("two", "a")):
        breakers.of(url, model)
    for model in ("a", "b"):
        broken = breakers.of("one", model)
        broken.failed(0.0, broken.begin(0.0))
    assert breakers.states(1.0) == {"one": {"open": 2}, "two": {"closed": 1}}
    assert breakers.states(20.0)["one"] == {"half-open": 2}

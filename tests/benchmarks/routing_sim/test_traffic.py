"""Tests for benchmarks/routing_sim/traffic.py."""

from collections import Counter

from benchmarks.routing_sim.traffic import BATCH, DAY_PROFILE, EMBEDDING, HOUR, PEOPLES, traffic


def test_seeds() -> None:
    """The same seed gives the same day, another one another."""
    first, again, other = (
        [(each.at, each.kind.name, each.prompt, each.floor) for each in traffic(seed)]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_part_of_the_day() -> None:
    """Requests come in order and within the hours that are asked for."""
    times = [each.at for each in traffic(1, 9.5 * HOUR, 11 * HOUR)]
    assert times == sorted(times)
    assert 9.5 * HOUR <= times[0] <= times[-1] < 11 * HOUR


def test_the_day() -> None:
    """People come by the day's profile, batches at night, and each kind with its share."""
    day = traffic(1)
    people = Counter(int(each.at // HOUR) for each in day if each.is_persons)
    assert people[9] > 150 > people[7]
    assert sum(people.values()) / (200 * sum(DAY_PROFILE) / max(DAY_PROFILE)) > 0.9
    assert {int(each.at // HOUR) for each in day if each.is_batch} == {1, 2, 3, 4}
    kinds = Counter(each.kind.name for each in day)
    assert set(kinds) == {each.name for each in (*PEOPLES, BATCH, EMBEDDING)}
    for kind in PEOPLES:
        assert abs(kinds[kind.name] / sum(people.values()) - kind.share) < 0.05
    assert all(
        each.prompt > 0 and (each.answer > 0) == (each.kind is not EMBEDDING) for each in day
    )

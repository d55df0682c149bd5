"""Prices by the hour."""

import time
from collections.abc import Iterator

import pytest

from localai import SettingsError
from plugins.metrics.energy.tariff import Tariff

MIDNIGHT = 1_767_222_000
"""2026-01-01 00:00 in Vienna."""


@pytest.fixture(autouse=True)
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Vienna."""
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_hours_have_their_own_prices() -> None:
    """At the hours of the tariff its price counts, at all others the usual one."""
    tariff = Tariff(0.3, {"22:00-06:00": 0.22, "17:00-20:00": 0.41})
    hours = {0: 0.22, 5.99: 0.22, 6: 0.3, 17: 0.41, 19.99: 0.41, 20: 0.3, 22: 0.22}
    assert {hour: tariff.price(MIDNIGHT + hour * 3600) for hour in hours} == hours
    assert Tariff(0.3, {}).price(MIDNIGHT) == 0.3


@pytest.mark.parametrize(
    ("tariff", "message"),
    [
        ({"22": 0.1}, "tariff: expected hours"),
        ({"1:00-3:00": 0.1, "2:00-4:00": 0.2}, "tariff: '1:00-3:00' and '2:00-4:00' overlap"),
    ],
)
def test_wrong_hours_are_refused(tariff: dict[str, float], message: str) -> None:
    """Hours that can't be read, or that overlap, are told by name."""
    with pytest.raises(SettingsError, match=message):
        Tariff(0.3, tariff)

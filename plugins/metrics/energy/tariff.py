"""The price of a kilowatt-hour, which may depend on the hour."""

from collections.abc import Mapping

from localai import check_apart, minute_of_day, read_hours

MINUTE = 60


class Tariff:
    """One price, and others at hours such as `22:00-06:00`. Raises `SettingsError`."""

    def __init__(self, price: float, by_hours: Mapping[str, float]) -> None:
        self._price = price
        self._by_hours = [(read_hours(text, "tariff"), each) for text, each in by_hours.items()]
        check_apart((hours for hours, _ in self._by_hours), "tariff")
        self._minute = -1
        self._now = price

    def price(self, at: float) -> float:
        """Return the price at a Unix time; hours are those of this machine's clock."""
        if not self._by_hours:
            return self._price
        if (minute := int(at // MINUTE)) != self._minute:
            self._minute = minute
            self._now = self._at(minute_of_day(at))
        return self._now

    def _at(self, minute: int) -> float:
        found = (price for hours, price in self._by_hours if hours.covers(minute))
        return next(found, self._price)

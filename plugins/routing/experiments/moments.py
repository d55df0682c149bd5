"""The mean of figures, and how they scatter, without keeping them."""

from math import sqrt


class Moments:
    """Number, mean and variance of what was added (Welford 1962)."""

    __slots__ = ("_squares", "count", "mean")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        """Take a figure in."""
        self.count += 1
        before = value - self.mean
        self.mean += before / self.count
        self._squares += before * (value - self.mean)

    @property
    def total(self) -> float:
        """The sum."""
        return self.mean * self.count

    @property
    def variance(self) -> float:
        """Of a sample; 0 with less than two figures."""
        return self._squares / (self.count - 1) if self.count > 1 else 0.0

    def report(self) -> dict[str, float]:
        """Return it for people."""
        return {
            "count": self.count,
            "mean": round(self.mean, 4),
            "deviation": round(sqrt(self.variance), 4),
        }

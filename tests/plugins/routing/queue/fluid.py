"""The fluid that is fair by definition, written as plainly as possible."""

from fractions import Fraction


class Fluid:
    """Serves all keys that have something left at once, each by its weight."""

    def __init__(self) -> None:
        self.left: dict[str, Fraction] = {}
        """Work that the fluid has not done yet, by key."""
        self.weights: dict[str, int] = {}

    def add(self, key: str, cost: int, weight: int) -> None:
        """Let work come."""
        self.weights[key] = weight
        self.left[key] = self.left.get(key, Fraction(0)) + cost

    def remove(self, key: str, cost: int) -> None:
        """Let work go that the real queue has not done; the fluid may have."""
        self.left[key] = max(Fraction(0), self.left[key] - cost)

    def serve(self, work: int) -> None:
        """Do as much work as the real queue has just done."""
        rest = Fraction(work)
        while rest and (keys := [key for key, left in self.left.items() if left]):
            weights = sum(self.weights[key] for key in keys)
            rate = min(rest / weights, *(self.left[key] / self.weights[key] for key in keys))
            for key in keys:
                self.left[key] -= rate * self.weights[key]
            rest -= rate * weights

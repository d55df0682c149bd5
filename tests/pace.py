"""How fast this machine computes now, so that promises in CPU time can be held on any."""

import time

NOMINAL = 0.0025
"""Seconds of CPU that the loop below takes with CPython 3.11 on the machine of the budgets."""


def cpu_seconds(budget: float) -> float:
    """Return what `budget` seconds of CPU time are on this machine, as it is loaded now."""
    return budget * max(1.0, min(_loop() for _ in range(20)) / NOMINAL)


def _loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(100_000):
        total += number
    return time.process_time() - began

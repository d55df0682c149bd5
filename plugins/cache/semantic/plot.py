"""Precision and recall over the threshold, drawn in a terminal."""

from collections.abc import Callable, Sequence

from plugins.cache.semantic.calibrate import Point

WIDTH = 61
HEIGHT = 11
PRECISION, RECALL, BOTH, CHOSEN = "P", "R", "*", "|"


def plot(points: Sequence[Point], chosen: float | None) -> list[str]:
    """Return the lines of a plot, its axes labelled; `chosen` is marked by a line."""
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    first, last = points[0].threshold, points[-1].threshold

    def column(threshold: float) -> int:
        return round((threshold - first) / (last - first) * (WIDTH - 1))

    if chosen is not None:
        at = column(min(max(chosen, first), last))
        for row in grid:
            row[at] = CHOSEN
    series: list[tuple[str, Callable[[Point], float]]] = [
        (PRECISION, lambda point: point.precision),
        (RECALL, lambda point: point.recall),
    ]
    for mark, value in series:
        for point in points:
            row = grid[round((1 - value(point)) * (HEIGHT - 1))]
            at = column(point.threshold)
            row[at] = mark if row[at] in (" ", CHOSEN, mark) else BOTH
    lines = []
    for number, row in enumerate(grid):
        label = f"{1 - number / (HEIGHT - 1):.1f}" if number % 2 == 0 else ""
        lines.append(f"{label:>5} ┤{''.join(row).rstrip()}")
    lines.append(f"{'':>5} └{'─' * WIDTH}")
    middle = (first + last) / 2
    gap = WIDTH // 2 - 4
    lines.append(f"{'':>5}{first:.2f}{'':>{gap}}{middle:.2f}{'':>{gap}}{last:.2f}")
    lines.append(f"{'':>7}{'threshold':^{WIDTH}}".rstrip())
    legend = f"{PRECISION} precision   {RECALL} recall   {BOTH} both"
    lines.append(f"{'':>7}{legend if chosen is None else f'{legend}   {CHOSEN} {chosen:.2f}'}")
    return lines

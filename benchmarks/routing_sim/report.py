"""Shows what came of a day under each policy: a table, and a plot as SVG."""

from collections.abc import Sequence
from html import escape
from math import log10

from benchmarks.routing_sim.run import Outcome
from benchmarks.routing_sim.traffic import Request

HEAD = (
    "policy",
    "first token p50, s",
    "p95, s",
    "batches p95, s",
    "Wh per request",
    "loads",
    "not good enough",
    "refused",
)
COLOURS = ("#0b6e4f", "#c0392b", "#7f8c8d", "#8e44ad", "#d68910", "#2471a3")
WIDTH, HEIGHT = 800, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 276, 40, 56
LEAST, MOST = -1.0, 3.0
"""Powers of ten of the seconds that are shown."""
POINTS = 160


def table(outcomes: Sequence[Outcome]) -> str:
    """Return one row for each policy, as Markdown."""
    lines: list[Sequence[str]] = [HEAD, ("---", *["---:"] * (len(HEAD) - 1))]
    lines += [_row(each) for each in outcomes]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plot(outcomes: Sequence[Outcome]) -> str:
    """Return how many people had their first token after how many seconds, as SVG.

    The same outcomes always give the same text.
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">Time to first token of people\'s requests, '
        "24 hours on a simulated Strix Halo</text>",
        *_axes(),
    ]
    for number, outcome in enumerate(outcomes):
        parts += _curve(outcome, COLOURS[number % len(COLOURS)], TOP + 20 + number * 52)
    return "\n".join([*parts, "</svg>", ""])


def persons(request: Request) -> bool:
    """Say whether a person waits for it."""
    return request.is_persons


def _row(outcome: Outcome) -> tuple[str, ...]:
    return (
        outcome.policy,
        f"{outcome.first_token(0.5, persons):,.2f}",
        f"{outcome.first_token(0.95, persons):,.1f}",
        f"{outcome.first_token(0.95, lambda each: each.is_batch):,.1f}",
        f"{outcome.wh_per_request:.3f}",
        f"{outcome.loads:,}",
        f"{outcome.violations:,}",
        f"{outcome.refused:,}",
    )


def _axes() -> list[str]:
    parts = []
    for power in range(int(LEAST), int(MOST) + 1):
        x = _x(10**power)
        label = f"{10**power:g} s"
        parts.append(
            f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#dddddd" fill="none"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label}</text>'
        )
    for percent in (0, 25, 50, 75, 95):
        y = _y(percent / 100)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd" fill="none"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>'
        )
    return parts


def _curve(outcome: Outcome, colour: str, legend: int) -> list[str]:
    times = sorted(each.first_token - each.at for each in outcome.served if persons(each))
    places = []
    for point in range(POINTS + 1):
        share = point / POINTS
        seconds = times[min(len(times) - 1, int(share * len(times)))] if times else 0.0
        places.append(f"{_x(seconds):.1f} {_y(share):.1f}")
    x = WIDTH - RIGHT + 14
    misses = f", {outcome.violations:,} too weak" if outcome.violations else ""
    return [
        f'<path d="M{" L".join(places)}" stroke="{colour}" stroke-width="2" fill="none"/>',
        f'<path d="M{x} {legend - 4}h16" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{x + 22}" y="{legend}">{escape(outcome.policy)}</text>',
        f'<text x="{x + 22}" y="{legend + 16}" fill="#666666">'
        f"{outcome.wh_per_request:.3f} Wh, {outcome.loads:,} loads{misses}</text>",
    ]


def _x(seconds: float) -> float:
    power = min(max(log10(max(seconds, 1e-9)), LEAST), MOST)
    return LEFT + (power - LEAST) / (MOST - LEAST) * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

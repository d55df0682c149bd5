"""Precision and recall over the threshold, as a picture."""

from collections.abc import Callable, Iterator, Sequence

from plugins.cache.semantic.calibrate import Point

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 48, 56
"""Margins around the plot."""
BLUE, ORANGE, GREY = "#1f6fb4", "#c65911", "#5f6368"
"""They are told apart by all kinds of colour vision, and by their strokes."""


def svg(points: Sequence[Point], chosen: float | None) -> str:
    """Return a picture with labelled axes and a legend; `chosen` is marked by a line."""
    return "\n".join(_parts(points, chosen)) + "\n"


def _parts(points: Sequence[Point], chosen: float | None) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="13">'
    )
    yield "<title>Precision and recall over the threshold</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    for step in range(11):
        value = step / 10
        x, y = _x(value), _y(value)
        lines = f"M{LEFT} {y}H{WIDTH - RIGHT}M{x} {TOP}V{HEIGHT - BOTTOM}"
        yield f'<path d="{lines}" stroke="#e3e3e3"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.1f}</text>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:.1f}</text>'
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "threshold (cosine similarity)")
    yield f'<g transform="rotate(-90 18 {middle})">{_text(18, middle, "part of the pairs")}</g>'
    if chosen is not None:
        x = _x(chosen)
        yield f'<path d="M{x} {TOP}V{HEIGHT - BOTTOM}" stroke="{GREY}" stroke-dasharray="2 3"/>'
    yield _line(points, lambda point: point.precision, BLUE, "")
    yield _line(points, lambda point: point.recall, ORANGE, ' stroke-dasharray="7 4"')
    legend = [("precision", BLUE, ""), ("recall", ORANGE, ' stroke-dasharray="7 4"')]
    if chosen is not None:
        legend.append((f"threshold {chosen:.2f}", GREY, ' stroke-dasharray="2 3"'))
    for number, (name, colour, dashes) in enumerate(legend):
        x = LEFT + 150 * number
        yield f'<path d="M{x} 24h28" stroke="{colour}" stroke-width="2"{dashes}/>'
        yield f'<text x="{x + 36}" y="28">{name}</text>'
    yield "</svg>"


def _line(
    points: Sequence[Point], value: Callable[[Point], float], colour: str, dashes: str
) -> str:
    path = " ".join(f"{_x(point.threshold)},{_y(value(point))}" for point in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle">{text}</text>'


def _x(value: float) -> float:
    return round(LEFT + value * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float) -> float:
    return round(HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM), 1)

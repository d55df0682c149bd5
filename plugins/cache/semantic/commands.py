"""`localai cache calibrate`: which threshold is right, by pairs of texts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from localai import Gateway, GatewayError, Principal, SettingsError, open_gateway
from plugins.cache.cli import cache_group
from plugins.cache.semantic.calibrate import NEVER, Point, Score, point_at, points, recommended
from plugins.cache.semantic.pairs import Pair, read_pairs

if TYPE_CHECKING:
    from plugins.cache.semantic.plugin import SemanticCache
    from plugins.cache.semantic.vectors import Vector

TABLE = ("plugins", "cache", "semantic")
AT_ONCE = 32
"""Texts that are embedded at once."""
CALLER = Principal(id="router:calibrate")
SHOWN = 5
"""A table has every fifth threshold."""


class Measured(NamedTuple):
    """What the pairs of a file are like, by one model."""

    model: str
    threshold: float
    """Of the settings."""
    scores: Sequence[Score]


def add_to(cli: click.Group) -> None:
    """Add the command."""
    cache_group(cli).add_command(_calibrate)


@click.command("calibrate")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--precision",
    type=click.FloatRange(0, 1),
    default=0.99,
    show_default=True,
    help="The part of the hits that must be right.",
)
@click.option("--model", help="The model that makes the vectors; else that of the settings.")
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="Write the plot here too.")
@click.pass_obj
def _calibrate(
    settings: Path | None, file: Path, precision: float, model: str | None, picture: Path | None
) -> None:
    """Find the threshold of [plugins.cache.semantic] from pairs of texts.

    FILE has a pair on each line, {"a": "…", "b": "…", "same": true}, or is a CSV file with the
    head a,b,same. `same` says whether the answer to one text answers the other.
    """
    pairs = read_pairs(file)
    try:
        measured = asyncio.run(_measure(settings, pairs, model))
    except GatewayError as error:
        raise SettingsError(error.message) from None
    from plugins.cache.semantic.plot import plot
    from plugins.cache.semantic.svg import svg

    tried = points(measured.scores)
    best = recommended(tried, precision)
    chosen = None if best is None else best.threshold
    never = sum(score.similarity == NEVER for score in measured.scores)
    same = sum(pair.same for pair in pairs)
    click.echo(f"{len(pairs)} pairs, {same} of them the same, compared by {measured.model}.")
    click.echo(f"{never} of them are kept apart by [{'.'.join(TABLE)}] equal, however similar.")
    click.echo()
    for line in (*_table(tried, measured, best), "", *plot(tried, chosen), ""):
        click.echo(line)
    click.echo(_advice(best, precision))
    if picture is not None:
        try:
            picture.write_text(svg(tried, chosen), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{picture}: can't be written: {error.strerror}") from None


async def _measure(path: Path | None, pairs: Sequence[Pair], model: str | None) -> Measured:
    """Embed all texts as the router would, and compare those of each pair."""
    from plugins.cache.semantic.facts import facts_of, is_reordered, order_of
    from plugins.cache.semantic.vectors import similarity

    async with open_gateway(path, ("routing",)) as gateway:
        config = _config(gateway)
        model = model or config.model
        texts = list(dict.fromkeys(text for pair in pairs for text in (pair.a, pair.b)))
        vectors = await _vectors(gateway, model, texts)
    scores = []
    for pair in pairs:
        one, other = vectors[pair.a], vectors[pair.b]
        apart = (
            len(one) != len(other)
            or facts_of(pair.a, config.equal) != facts_of(pair.b, config.equal)
            or ("order" in config.equal and is_reordered(order_of(pair.a), order_of(pair.b)))
        )
        scores.append(Score(NEVER if apart else similarity(one, other), pair.same))
    return Measured(model, config.threshold, scores)


def _config(gateway: Gateway) -> "SemanticCache.Config":
    """Return the settings of the plugin, which need not be on."""
    from plugins.cache.semantic.plugin import SemanticCache

    settings = gateway.settings
    table = settings.plugins.get("cache", {}).get("semantic", {})
    own = {key: value for key, value in table.items() if key != "enabled"}
    return settings.document.convert(own, SemanticCache.Config, TABLE)


async def _vectors(gateway: Gateway, model: str, texts: Sequence[str]) -> dict[str, "Vector"]:
    from plugins.cache.semantic.embedder import embed

    found = {}
    for start in range(0, len(texts), AT_ONCE):
        some = tuple(texts[start : start + AT_ONCE])
        for text, vector in zip(
            some, await embed(gateway, model, some, CALLER, "calibrate"), strict=True
        ):
            if vector is None:
                raise SettingsError(f"model '{model}' makes no usable vector of: {text[:80]}")
            found[text] = vector
    return found


def _table(tried: Sequence[Point], measured: Measured, best: Point | None) -> list[str]:
    now = point_at(measured.scores, measured.threshold)
    shown = {point.threshold: point for point in tried[SHOWN - 1 :: SHOWN]}
    shown[now.threshold] = now
    if best is not None:
        shown[best.threshold] = best
    lines = ["threshold  precision  recall     F1  false hits"]
    for threshold, point in sorted(shown.items()):
        line = (
            f"{threshold:>9.2f}  {point.precision:>9.3f}  {point.recall:>6.3f}  {point.f1:>5.3f}"
            f"  {point.false_hits:>10}"
        )
        marks = []
        if best is not None and threshold == best.threshold:
            marks.append("recommended")
        if threshold == now.threshold:
            marks.append("in the settings")
        lines.append(f"{line}  <- {', '.join(marks)}" if marks else line)
    return lines


def _advice(best: Point | None, precision: float) -> str:
    if best is None:
        return (
            f"No threshold makes {precision:.0%} of the hits right: leave this cache off, or try "
            "another model by --model NAME."
        )
    return (
        f"Recommended: threshold = {best.threshold:.2f}, at which {best.precision:.1%} of the hits "
        f"are right and {best.recall:.1%} of what could be hit is."
    )

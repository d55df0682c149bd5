"""Measure the guardrails' quality and cost: `python -m benchmarks.guardrails`.

The data is written by us, or made by seeded code: see `benchmarks/guardrails_data`.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from benchmarks import guardrails_leaks, guardrails_quality, guardrails_speed
from benchmarks.guardrails_data.benign import benign, prose, triggers
from benchmarks.guardrails_data.injections import injections
from benchmarks.guardrails_data.negatives import negatives
from benchmarks.guardrails_data.pii import samples
from benchmarks.guardrails_leaks import Leaks
from benchmarks.guardrails_quality import COMMON, SHIPPED, Judgement, Score, Tally
from benchmarks.guardrails_speed import Scan, Speed
from plugins.guardrails.injection.detector import Detector
from plugins.guardrails.pii.entities.catalogue import ENTITIES
from tests.pace import slowness

CHUNKINGS = 10_000


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well everything is found."""

    locale: Score
    """With the entities of each text's locale."""
    everything: Score
    """With those of all countries."""
    negatives: dict[str, Score]
    """Hard negatives, by what is on."""
    negative_kinds: dict[str, int]
    """Hard negatives by kind, with the common entities on."""
    attacks: Judgement
    benign: Judgement


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What everything costs, in microseconds."""

    streams: dict[str, list[Speed]]
    """By what is on: prose first, then what begins like a match again and again."""
    scans: dict[str, list[Scan]]
    """By what the text is."""
    slowness: float
    """How much slower this machine computes than the budgets' one, at the moment."""


async def quality() -> Quality:
    """Measure how well everything is found."""
    texts, hard = samples(), negatives()
    nothing = [sample for _, sample in hard]
    sets = {"shipped": SHIPPED, "common": COMMON, "all": _all()}
    matchers = {name: guardrails_quality.matcher(names) for name, names in sets.items()}
    detector = Detector()
    return Quality(
        locale=guardrails_quality.by_locale(texts),
        everything=guardrails_quality.scored(matchers["all"], texts),
        negatives={
            name: guardrails_quality.scored(matcher, nothing) for name, matcher in matchers.items()
        },
        negative_kinds=guardrails_quality.hits_by_kind(matchers["common"], hard),
        attacks=await guardrails_quality.judged(detector, injections(), is_attack=True),
        benign=await guardrails_quality.judged(detector, benign(), is_attack=False),
    )


async def cost() -> Cost:
    """Measure what everything costs."""
    matchers = {
        "shipped": guardrails_quality.matcher(SHIPPED),
        "all": guardrails_quality.matcher(_all()),
    }
    text = prose()
    return Cost(
        streams={
            name: [
                guardrails_speed.stream(matcher, "prose", text),
                *guardrails_speed.adversarial(matcher),
            ]
            for name, matcher in matchers.items()
        },
        scans={
            "prose": await guardrails_speed.scans(matchers, text),
            "full of trigger words": await guardrails_speed.scans(matchers, triggers()),
        },
        slowness=slowness(),
    )


def quality_tables(measured: Quality) -> str:
    """Return what was found as tables."""
    common = measured.negatives["common"]
    rows = [
        _tally(kind, tally, measured.everything.rows.get(kind))
        for kind, tally in sorted(measured.locale.rows.items())
    ]
    rows.append(_tally("overall", measured.locale.overall, measured.everything.overall))
    total = _sum((measured.locale.overall, common.overall))
    rows.append(_tally("with hard negatives", total, None))
    head = ("entity", "values", "precision", "recall", "F1", "F1 with all countries on")
    hard = [
        (name, f"{score.samples:,}", f"{score.hit:,}", f"{score.overall.false:,}")
        for name, score in measured.negatives.items()
    ]
    kinds = [(kind, str(hits)) for kind, hits in measured.negative_kinds.items()]
    attacks = [
        (name, str(each.prompts), f"{each.rate:.1%}", f"{each.held_out_rate:.1%}")
        for judgement, overall in (
            (measured.attacks, "all injections"),
            (measured.benign, "all benign"),
        )
        for name, each in (*judgement.families.items(), (overall, judgement.overall))
    ]
    return "\n\n".join(
        (
            _table(head, rows),
            _table(("hard negatives with", "texts", "texts with a false hit", "false hits"), hard),
            _table(("kind of hard negative", "texts with a false hit"), kinds),
            _table(("prompts", "number", "taken for an injection", "of unseen ones"), attacks),
        )
    )


def leak_table(found: dict[str, Leaks]) -> str:
    """Return what got out as a table."""
    rows = [
        (channel, f"{each.answers:,}", str(each.whole), str(each.part))
        for channel, each in found.items()
    ]
    return _table(
        ("secret in", "answers", "whole secret visible", "12 characters or more visible"), rows
    )


def cost_tables(measured: Cost) -> str:
    """Return what everything costs as tables."""
    chunks = [
        (name, each.text, f"{each.mean:.2f}", f"{each.p50:.2f}", f"{each.p99:.1f}")
        for name, speeds in measured.streams.items()
        for each in speeds
    ]
    scans = [
        (text, each.what, f"{each.mean:.0f}")
        for text, looks in measured.scans.items()
        for each in looks
    ]
    return "\n\n".join(
        (
            f"This machine computes {measured.slowness:.2f} times slower than the budgets' one.",
            _table(("entities", "text", "CPU µs/chunk", "p50, µs", "p99, µs"), chunks),
            _table(("10 kB of a request", "looked for", "CPU µs"), scans),
        )
    )


def _all() -> list[str]:
    return [entity.name for entity in ENTITIES]


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for each in tallies:
        total.truth += each.truth
        total.found += each.found
        total.false += each.false
    return total


def _tally(kind: str, tally: Tally, with_all: Tally | None) -> tuple[str, ...]:
    return (
        kind,
        f"{tally.truth:,}",
        f"{tally.precision:.4f}",
        f"{tally.recall:.4f}",
        f"{tally.f1:.4f}",
        f"{with_all.f1:.4f}" if with_all else "",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guardrails", description=__doc__)
    parser.add_argument(
        "--chunkings", type=int, default=CHUNKINGS, help="answers with a secret (%(default)s)"
    )
    parser.add_argument("--only", choices=("quality", "leaks", "cost"), help="one part")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all figures and mistakes there"
    )
    options = parser.parse_args()
    measured: dict[str, object] = {}
    if options.only in (None, "quality"):
        found = asyncio.run(quality())
        measured["quality"] = asdict(found)
        print(quality_tables(found), end="\n\n")
    if options.only in (None, "leaks"):
        leaked = asyncio.run(guardrails_leaks.leaks(options.chunkings))
        measured["leaks"] = {name: asdict(each) for name, each in leaked.items()}
        print(leak_table(leaked), end="\n\n")
    if options.only in (None, "cost"):
        costs = asyncio.run(cost())
        measured["cost"] = asdict(costs)
        print(cost_tables(costs))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

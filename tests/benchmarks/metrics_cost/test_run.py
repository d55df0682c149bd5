"""The whole comparison, in small: real routers in one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.metrics_cost import report
from benchmarks.metrics_cost.bookkeeping import Bookkeeping
from benchmarks.metrics_cost.client import WrongAnswer, ask, chat
from benchmarks.metrics_cost.samples import LONG, PLAIN, SHORT, Samples
from benchmarks.metrics_cost.variants import members, variants

SMALL = """
import sys
from benchmarks.metrics_cost import __main__, run
run.BATCH, run.SETTLING = 4, 0.0
sys.exit(__main__.main())
"""
"""The command with few samples between two writings of rows."""


def test_compares_routers(tmp_path: Path) -> None:
    """The command measures both routers in each round, and says what all members take.

    It sets up the log, the cores and the collector of its process, so it has one of its own.
    """
    file = tmp_path / "samples.json"
    arguments = ("--quick", "--rounds", "8", "--json", str(file))
    done = subprocess.run(
        [sys.executable, "-c", SMALL, *arguments], capture_output=True, text=True, timeout=90
    )
    assert done.returncode in (0, 1), done.stderr  # so few samples say nothing of budgets
    head, _, budget, all_of, *_ = done.stdout.splitlines()
    assert head == "| metrics | µs/request | µs/chunk |"
    assert budget == "| budget | 40 | 1 |"
    assert all_of.startswith(f"| all of {len(members())} | ")
    samples = json.loads(file.read_text())
    for name in ("none", "all"):
        counts = [
            len(samples["requests"][f"{name} / {shape.name}"]) for shape in (PLAIN, SHORT, LONG)
        ]
        assert counts == [8, 2, 2]
        assert len(samples["rows"][name]) == 2
    assert min(samples["requests"]["all / plain"]) > 0


async def test_wrong_answers_count_for_nothing() -> None:
    """A request that is not answered in full ends the measurement."""

    async def broken(scope: object, receive: object, send: object) -> None:
        """Answer nothing."""

    with pytest.raises(WrongAnswer, match="status 0, 0 of 16 tokens"):
        await ask(broken, chat(16, stream=False), 16)  # type: ignore[arg-type]


def test_table() -> None:
    """The table has a row for all members, and one for what each takes."""
    samples = Samples(rows={each.name: [5.0] for each in variants()}, slowness=[1.5])
    samples.idle = {"none": 1000.0, "all": 3500.0}
    for variant in variants():
        for shape in (PLAIN, SHORT, LONG):
            for _ in range(3):
                samples.add(variant.name, shape, 100.0 + 10 * len(variant.on))
    _none, _every, *without = variants()
    _head, _, _budget, every, *rows = report.table(samples, without).splitlines()
    total = 10.0 * len(members())
    assert every == f"| all of {len(members())} | {total} ({total} to {total}) | 0.0 (0.0 to 0.0) |"
    assert rows == [f"| {name} | 10.0 (10.0 to 10.0) | 0.0 (0.0 to 0.0) |" for name in members()]
    notes = report.notes(samples, Bookkeeping(2.0, 0.1))
    assert "- without requests, all: 3.5 ms of CPU in a second" in notes
    assert "1.50 times faster" in notes

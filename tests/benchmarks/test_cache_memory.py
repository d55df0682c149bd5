"""The cache's benchmark measures a cache that is full, and prints a table."""

import pytest

from benchmarks import cache_memory
from benchmarks.cache_memory import Row, markdown, measure

ROW = Row(
    entries=100_000,
    size=2_000,
    configured=230_000_000,
    real=232_300_000,
    p50=0.84,
    p99=2.0,
    get=0.7,
    set=4.26,
)


def test_measures_a_cache() -> None:
    """A row has what a cache of this size costs, in a process that holds nothing else."""
    row = measure(2_000, 1_000, hits=500)
    assert (row.entries, row.size) == (2_000, 1_000)
    assert row.configured > 2_000 * 1_000
    assert row.real > 2_000 * 1_000
    assert 0 < row.p50 <= row.p99
    assert min(row.get, row.set) > 0


def test_table() -> None:
    """The table has a line for each row, and says how much of the bound is real."""
    *_, line = markdown([ROW]).splitlines()
    assert line == "| 100,000 | 2,000 | 0.8 | 2.0 | 0.7 | 4.3 | 230.0 | 232.3 | 1.01 |"


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a line for each size of cache."""
    monkeypatch.setattr(cache_memory, "ENTRIES", (10,))
    monkeypatch.setattr(cache_memory, "OTHERS", ((5, 50),))
    monkeypatch.setattr("sys.argv", ["cache_memory", "--hits", "10"])
    assert cache_memory.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {10}

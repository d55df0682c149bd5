"""The benchmark of similar questions measures look-ups, and prints a table."""

import pytest

from benchmarks import semantic_lookup
from benchmarks.semantic_lookup import Row, markdown, measure


async def test_measures_a_look_up() -> None:
    """A row has the CPU time that look-ups took."""
    row = await measure(50, look_ups=20)
    assert row.entries == 50
    assert 0 <= row.p50 <= row.p99


def test_table() -> None:
    """The table has a line for each row."""
    *_, line = markdown([Row(entries=10_000, p50=1.234, p99=2.0)]).splitlines()
    assert line == "| 10,000 | 1.23 | 2.00 |"


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a line for each size."""
    monkeypatch.setattr(semantic_lookup, "ENTRIES", (5, 10))
    monkeypatch.setattr("sys.argv", ["semantic_lookup", "--look-ups", "3"])
    assert semantic_lookup.main() == 0
    assert len(capsys.readouterr().out.splitlines()) == 4

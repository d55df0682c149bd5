"""Figures as people read them."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.cache.display import HEAD, duration, energy, print_report, size
from plugins.cache.entry import Head
from plugins.cache.statistics import KINDS, Statistics

STORAGE = {"entries": 12_345, "bytes": 25_600_000, "evictions": 0, "up": True, "failures": None}


def a_report() -> dict[str, object]:
    """Return what the router answers."""
    statistics = Statistics()
    statistics.miss("chat")
    for _ in range(3):
        statistics.hit(
            "chat", Head(key="chat:1", stored_at=0, kind="chat", seconds=2400, tokens=500)
        )
    return {"tenant": None, "storage": STORAGE, "statistics": statistics.report()}


def test_a_program_reads_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe, each kind and each figure of the storage is a line."""
    print_report(a_report())
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == list(HEAD)
    assert [line[0] for line in lines[1:7]] == [*KINDS, "total"]
    chat = ["3", "1", "0", "0", "0", "75.0%", "2 h 0 min", "1,500", "240 Wh"]
    assert lines[1] == ["chat", *chat]
    assert lines[2][6] == "-"
    assert lines[6] == ["total", *chat]
    assert lines[8:] == [
        *(["entries", "12,345"], ["bytes", "25.6 MB"], ["evictions", "0"]),
        *(["up", "yes"], ["failures", "-"]),
    ]


def test_an_administrator_of_a_tenant_reads_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Without statistics, there is no table of them."""
    print_report({"tenant": "team", "storage": {"entries": 2}, "statistics": None})
    assert capsys.readouterr().out == "STORAGE\t\ntenant\tteam\nentries\t2\n"


def test_on_a_terminal_it_is_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns are aligned, and nothing in them is markup."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    print_report(a_report() | {"tenant": "[red]team[/red]"})
    printed = capsys.readouterr().out
    assert "\t" not in printed
    assert "[red]team[/red]" in printed
    assert "25.6 MB" in printed


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1 kB"), (1500, "1.5 kB")),
        *((999_499, "999 kB"), (999_999, "1 MB"), (256e6, "256 MB"), (1e15, "1,000 TB")),
    ],
)
def test_sizes_have_units(number: float, text: str) -> None:
    """A size has three digits at most, and the unit that fits."""
    assert size(number) == text


def test_energies_have_units() -> None:
    """An energy is read as a size is."""
    assert [energy(each) for each in (0, 0.15, 1234, 2.5e6)] == [
        *("0 Wh", "0.15 Wh", "1.23 kWh", "2.5 MWh")
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0 s"), (59.9, "59.9 s"), (60, "1 min 0 s"), (3599, "59 min 59 s")),
        *((3600, "1 h 0 min"), (90_000, "1 d 1 h"), (864_000, "10 d 0 h")),
    ],
)
def test_times_have_their_two_largest_units(seconds: float, text: str) -> None:
    """A time is short to read, however long it is."""
    assert duration(seconds) == text


@given(st.floats(0, 1e15))
def test_any_figure_is_short(number: float) -> None:
    """No figure breaks a table."""
    assert len(size(number)) <= 12
    assert len(energy(number)) <= 18
    assert len(duration(number)) <= 18

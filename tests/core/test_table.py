"""Tables on a terminal and in a pipe."""

import io
import sys

import pytest

from core.table import print_table

HEAD = ("NAME", "COUNT")
ROWS = [("[red]a", "1"), ("b", "1,000")]


class Terminal(io.StringIO):
    """A standard output that people look at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_program_gets_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe each row is a line, with a tab between its cells."""
    print_table(HEAD, ROWS)
    assert capsys.readouterr().out == "NAME\tCOUNT\n[red]a\t1\nb\t1,000\n"


@pytest.mark.parametrize(
    ("numbers", "lines"),
    [
        (True, ["NAME    COUNT", "[red]a      1", "b       1,000"]),
        (False, ["NAME    COUNT", "[red]a  1", "b       1,000"]),
    ],
)
def test_people_get_columns(
    numbers: bool, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal columns are aligned, numbers at their end, and no name is taken for markup."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    print_table(HEAD, ROWS, numbers=numbers)
    assert [line.rstrip() for line in terminal.getvalue().splitlines()] == lines

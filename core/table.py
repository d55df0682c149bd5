"""Tables that commands print: aligned for people, with tabs for a program that reads them."""

import sys
from collections.abc import Sequence

import click


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False
) -> None:
    """Print a table; with `numbers`, all but the first column end at the same place."""
    if not sys.stdout.isatty():
        for row in (head, *rows):
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for at, name in enumerate(head):
        table.add_column(Text(name), justify="right" if numbers and at else "left")
    for row in rows:
        table.add_row(*map(Text, row))  # names are printed as they are: nothing in them is markup
    Console().print(table)

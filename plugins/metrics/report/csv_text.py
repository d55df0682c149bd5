"""Rows as CSV (RFC 4180) that a spreadsheet does not take for formulas."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MEDIA_TYPE = "text/csv; header=present"
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets begin a formula with, the full-width forms too (OWASP, "CSV Injection"): names
come from callers."""


def csv_of(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a line with the names of the columns, and one for each row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return a value that stays what it is; a text that looks like a formula gets a `'` before."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value

"""The table of usage."""

import msgspec

from core.usage import Usage
from core.usage_table import USAGE
from tests.core.test_rows import row


def test_the_table_has_what_a_row_has() -> None:
    """The columns are the id and the fields of a row, in their order."""
    assert [column.name for column in USAGE.columns] == ["id", *Usage.__struct_fields__]
    assert msgspec.json.decode(msgspec.json.encode(row(1)), type=Usage) == row(1)

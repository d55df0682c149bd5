"""What each request used, written to the database in batches."""

from typing import TYPE_CHECKING

from msgspec import Struct

from core.database import Database
from core.redact import redact
from core.rows import MOST_TEXT, RowLog, cleaned

if TYPE_CHECKING:
    from sqlalchemy import Table


class Usage(Struct, frozen=True, kw_only=True, gc=False):
    """What one request used, and who pays for it."""

    at: float
    """When it ended, in seconds since 1970."""
    request_id: str
    tenant: str
    key: str
    """The id of the principal."""
    user: str
    """The person behind it, if that is known."""
    model: str
    kind: str
    """What was asked for, as in `Call.kind`."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    gpu_seconds: float = 0.0
    wh: float = 0.0
    money: float = 0.0
    cached: bool = False
    outcome: str = "ok"
    """`ok`, `canceled`, or the class of the error."""


class UsageLog(RowLog[Usage]):
    """The rows of usage."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "usage", "core.usage_table")

    @property
    def table(self) -> "Table":
        """SQLAlchemy's description of the table, for reports."""
        from core.usage_table import USAGE

        return USAGE

    def record(self, row: Usage) -> None:
        """Note what a request used; 1 us."""
        texts = len(row.user) + len(row.model) + len(row.tenant) + len(row.key)
        if texts > MOST_TEXT or redact(row.model) is not row.model:
            row = cleaned(row)
        super().record(row)

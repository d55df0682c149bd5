"""What each request used, written to the database in batches."""

from typing import TYPE_CHECKING

from msgspec import Struct

from core.database import Database
from core.redact import redact
from core.rows import MOST_TEXT, RowLog, cleaned

if TYPE_CHECKING:
    from sqlalchemy import Table


class Usage(Struct, frozen=True, kw_only=True, gc=False):
    """What one request used of models, and who pays for it. Seconds, watt-hours, grams.

    Tokens, times and costs are those of the Ollamas: of all attempts that were made for the
    request, also those that failed, or that went on for others when the caller had left.
    """

    at: float
    """When it ended, in seconds since 1970."""
    request_id: str
    tenant: str
    key: str
    """The id of the principal; `router:` begins those of the router's own requests."""
    user: str
    """The person behind it, if that is known."""
    model: str
    """The one that answered, or that was asked last."""
    kind: str
    """What was asked for, as in `Call.kind`."""
    route: str = ""
    """The template of its path; empty for what a plugin asked."""
    host: str = ""
    """The Ollama that was asked last, by its place in [ollama] hosts from 1, or `embedded`; empty
    where none was asked."""
    outcome: str = "ok"
    """`ok`, `canceled`, or the class of the error."""
    cache: str = ""
    """What the cache did, by the word of `x-localai-cache`: `hit`, `join`, `miss`, `bypass` …;
    empty without a cache."""
    attempts: int = 0
    """How often an Ollama was asked for the answer: one more than there were retries."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    saved_prompt_tokens: int = 0
    """Tokens of an answer for which no model had to work: out of the cache, or another's run."""
    saved_completion_tokens: int = 0
    seconds: float = 0.0
    """From its arrival in the chain until all was sent."""
    first_token: float | None = None
    """Seconds until the first chunk went out; `None` if none did."""
    waited: float = 0.0
    """Seconds in a queue, with those in which its model was loaded for it."""
    load_seconds: float = 0.0
    """Seconds in which Ollamas loaded models for it."""
    gpu_seconds: float = 0.0
    """Seconds in which models read its prompt or wrote its answer."""
    saved_seconds: float = 0.0
    """Seconds that the answer took the first time."""
    wh: float = 0.0
    money: float = 0.0
    grams: float = 0.0
    """Of CO2."""
    energy_source: str = ""
    """`measured`, `modelled`; empty where nobody keeps books of energy."""
    saved_wh: float = 0.0
    saved_money: float = 0.0


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

"""What the documentation says of queries: Litestar can't read it off handlers that take any."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType

from plugins.metrics.report.question import FILTERS, GROUPS, MOST, PAGE

TEXTS = {
    "from": "When it begins: a time ago such as `7d`, or a date such as `2026-11-01` (UTC).",
    "to": "When it ends, itself no part of it; now, if not said.",
    "group_by": f"What requests are put together by, with commas between: {', '.join(GROUPS)}.",
    "cursor": "The `next` of the page before.",
    "format": "`json` or `csv`; else by the header `accept`.",
} | {name: f"Only requests with this {name}." for name in FILTERS}


def _parameters(names: Sequence[str], numbers: dict[str, str]) -> list[Parameter]:
    described = {name: (TEXTS[name], OpenAPIType.STRING) for name in names}
    described |= {name: (text, OpenAPIType.INTEGER) for name, text in numbers.items()}
    return [
        Parameter(
            name=name, param_in="query", description=text, schema=Schema(type=kind), required=False
        )
        for name, (text, kind) in described.items()
    ]


_LIMIT = {"limit": f"Most rows of a page, up to {MOST}; {PAGE} if not said."}


@dataclass
class Usage(Operation):
    """Of `GET /admin/usage`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        self.parameters = [
            *_parameters(("from", "to", "group_by", *FILTERS, "cursor", "format"), _LIMIT)
        ]


@dataclass
class OwnUsage(Operation):
    """Of `GET /v1/usage`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        own = [name for name in FILTERS if name not in ("tenant", "key")]
        self.parameters = [
            *_parameters(("from", "to", "group_by", *own, "cursor", "format"), _LIMIT)
        ]


@dataclass
class Report(Operation):
    """Of `GET /admin/report`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        top = {"top": "How many models, tenants and keys are named."}
        self.parameters = [*_parameters(("from", "to", *FILTERS), top)]

"""What the documentation says of queries: Litestar can't read it off handlers that take any."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar.openapi.spec import Operation, Parameter, Reference, Schema
from litestar.openapi.spec.enums import OpenAPIType

from plugins.metrics.report.question import (
    FILTERS,
    GROUPS,
    MOST,
    OWN_PARAMETERS,
    PAGE,
    PARAMETERS,
)
from plugins.metrics.report.report import REPORTED

TEXTS = {
    "from": "When it begins: a time ago such as `7d`, or a date such as `2026-11-01` (UTC).",
    "to": "When it ends, itself no part of it; now, if not said.",
    "group_by": f"What requests are put together by, with commas between: {', '.join(GROUPS)}.",
    "cursor": "The `next` of the page before.",
    "format": "`json` or `csv`; else by the header `accept`.",
} | {name: f"Only requests with this {name}." for name in FILTERS}


NUMBERS = {
    "limit": f"Most rows of a page, up to {MOST}; {PAGE} if not said.",
    "top": "How many models, tenants and keys are named.",
}


def _parameters(names: Sequence[str]) -> list[Parameter | Reference]:
    texts = TEXTS | NUMBERS
    kinds = dict.fromkeys(TEXTS, OpenAPIType.STRING) | dict.fromkeys(NUMBERS, OpenAPIType.INTEGER)
    return [
        Parameter(
            name=name,
            param_in="query",
            description=texts[name],
            schema=Schema(type=kinds[name]),
            required=False,
        )
        for name in names
    ]


@dataclass
class Usage(Operation):
    """Of `GET /admin/usage`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        self.parameters = _parameters(PARAMETERS)


@dataclass
class OwnUsage(Operation):
    """Of `GET /v1/usage`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        self.parameters = _parameters(OWN_PARAMETERS)


@dataclass
class Report(Operation):
    """Of `GET /admin/report`."""

    def __post_init__(self) -> None:
        """Name the parameters."""
        self.parameters = _parameters(REPORTED)

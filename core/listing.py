"""Listing models: what `GET /v1/models` and `GET /api/tags` ask for."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from core.principal import Principal
from core.value import Value

if TYPE_CHECKING:
    from core.connection import Connection

Models = list[dict[str, Any]]
"""Models as `/api/tags` describes them: `name`, `digest`, `size`, `modified_at`, `details`, …"""


class Listing(Value, frozen=True, kw_only=True):
    """One request for the list of models; what the caller may not use is left out afterwards."""

    principal: Principal
    connection: "Connection | None" = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Headers for the answer."""


Lister = Callable[[Listing], Awaitable[Models]]
"""What lists models; `around_models` wraps one in another."""

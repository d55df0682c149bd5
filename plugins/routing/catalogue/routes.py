"""`/admin/models`: what the router knows of models."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import Response, get

SCOPE = "admin:models"
_JSON = "application/json"


def routes(report: Callable[[], dict[str, Any]]) -> Sequence[Any]:
    """Return the handlers."""

    @get(
        "/admin/models",
        opt={"scope": SCOPE},
        media_type=_JSON,
        tags=["Routing"],
        summary="What is known of models",
    )
    async def show() -> Response[bytes]:
        """List the models of all hosts: what each is, what the file says of it, where it is in
        memory, and when each host was seen last."""
        return Response(msgspec.json.encode(report()), media_type=_JSON)

    return [show]

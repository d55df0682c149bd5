"""`/admin/hosts`: who is up, and sending a host no new requests."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

PATH = "/admin/hosts"
SCOPE = "admin:hosts"

_OPT = {"scope": SCOPE}
_JSON = "application/json"


class Drained(Protocol):
    """What the routes serve."""

    def report(self) -> list[dict[str, Any]]:
        """Return all hosts."""

    def drain(self, label: str, drains: bool, by: str = "") -> object:
        """Begin or end draining; raise `NotFound`."""


def routes(hosts: Drained) -> Sequence[Any]:
    """Return the handlers."""

    @get(PATH, opt=_OPT, media_type=_JSON, tags=["Routing"], summary="Who is up")
    async def show() -> Response[bytes]:
        """List the Ollamas: address, whether it is up, draining, its version, the requests that it
        has, and the models that get a rest there because they failed."""
        return _answer(hosts.report())

    @post(
        f"{PATH}/{{label:str}}/drain",
        opt=_OPT,
        media_type=_JSON,
        status_code=200,
        tags=["Routing"],
        summary="Send a host no new requests",
    )
    async def drain(request: Request[Any, Any, Any], label: FromPath[str]) -> Response[bytes]:
        """Send a host no new requests; those that it has end as they would. It stays so until
        `undrain`, or until the router starts again."""
        hosts.drain(label, True, request.user.id)
        return _answer(hosts.report())

    @post(
        f"{PATH}/{{label:str}}/undrain",
        opt=_OPT,
        media_type=_JSON,
        status_code=200,
        tags=["Routing"],
        summary="Send a host requests again",
    )
    async def undrain(request: Request[Any, Any, Any], label: FromPath[str]) -> Response[bytes]:
        """Send a host requests again."""
        hosts.drain(label, False, request.user.id)
        return _answer(hosts.report())

    return [show, drain, undrain]


def _answer(hosts: list[dict[str, Any]]) -> Response[bytes]:
    return Response(msgspec.json.encode({"hosts": hosts}), media_type=_JSON)

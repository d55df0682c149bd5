"""`/admin/usage`, `/admin/report` and `/v1/usage`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get

from localai import NotFound, Principal, read_query
from plugins.metrics.report.books import Books
from plugins.metrics.report.csv_text import MEDIA_TYPE, csv_of
from plugins.metrics.report.cursor import LONGEST
from plugins.metrics.report.openapi import OwnUsage, Report, Usage
from plugins.metrics.report.question import OWN_PARAMETERS, PARAMETERS, Format
from plugins.metrics.report.report import REPORTED, Reporter

SCOPE = "admin:usage"
ADMIN_USAGE, ADMIN_REPORT, OWN_USAGE = "/admin/usage", "/admin/report", "/v1/usage"

_JSON = "application/json"
_HEADERS = {"cache-control": "no-store", "vary": "accept"}


def routes(books: Callable[[], Books], reporter: Reporter) -> Sequence[Any]:
    """Return the handlers; `books` gives the ledger, once the plugin is started."""

    @get(
        ADMIN_USAGE,
        opt={"scope": SCOPE},
        media_type=_JSON,
        tags=["Usage"],
        summary="What was used",
        operation_class=Usage,
    )
    async def usage(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List what each request used, the newest first, or what groups of requests used together,
        as JSON or CSV. `next` is the `cursor` of the next page. A caller without the scope `*`
        sees its own tenant."""
        said = _within_tenant(_said(request, PARAMETERS), request.user)
        return await _page(request, said)

    @get(
        OWN_USAGE,
        opt={"authenticated": True},
        media_type=_JSON,
        tags=["Usage"],
        summary="What the caller used",
        operation_class=OwnUsage,
    )
    async def own_usage(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List what the caller's own requests used, each or in groups, as `/admin/usage` does for
        those of all. Any key may ask; what other keys used is not shown."""
        caller: Principal = request.user
        said = _said(request, OWN_PARAMETERS) | {"tenant": caller.tenant, "key": caller.id}
        return await _page(request, said)

    @get(
        ADMIN_REPORT,
        opt={"scope": SCOPE},
        media_type=_JSON,
        tags=["Usage"],
        summary="What it cost",
        operation_class=Report,
    )
    async def report(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Report requests, tokens, times, errors, the cache, energy and its cost: in all, by model,
        tenant and key, and beside what the same tokens cost in clouds. A caller without the scope
        `*` sees its own tenant."""
        said = _within_tenant(_said(request, REPORTED), request.user)
        return _answer(await reporter.report(books(), said))

    async def _page(request: Request[Any, Any, Any], said: Mapping[str, str]) -> Response[bytes]:
        question, page = await reporter.page(books(), said, _format(request))
        if question.format == "csv":
            text = await asyncio.to_thread(csv_of, page.columns, page.rows)
            headers = {"content-disposition": 'attachment; filename="usage.csv"'}
            if page.next is not None:
                headers["link"] = _link(request, page.next)
            return _answer(text.encode(), MEDIA_TYPE, headers)
        return _answer(reporter.shown(question, page))

    return [usage, own_usage, report]


def _said(request: Request[Any, Any, Any], known: Sequence[str]) -> dict[str, str]:
    return read_query(request.query_params.multi_items(), known, longest=LONGEST)


def _within_tenant(said: dict[str, str], caller: Principal) -> dict[str, str]:
    """Keep a caller without the scope `*` to its own tenant."""
    if not caller.may("*") and said.setdefault("tenant", caller.tenant) != caller.tenant:
        raise NotFound("there is no such tenant here: leave 'tenant' out to mean your own")
    return said


def _format(request: Request[Any, Any, Any]) -> Format:
    """Return what the `accept` header asks for: CSV only where JSON would not do."""
    accept = request.headers.get("accept", "").lower()
    kinds = {part.partition(";")[0].strip() for part in accept.split(",")}
    return "csv" if "text/csv" in kinds and "application/json" not in kinds else "json"


def _link(request: Request[Any, Any, Any], cursor: str) -> str:
    """Return a link to the next page (RFC 8288), relative to this one."""
    said = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<?{urlencode([*said, ("cursor", cursor)])}>; rel="next"'


def _answer(
    value: Any, media_type: str = _JSON, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    content = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(content, media_type=media_type, headers=_HEADERS | dict(headers or {}))

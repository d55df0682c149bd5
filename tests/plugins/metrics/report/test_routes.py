"""Usage and reports over HTTP."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.plugins.metrics.report.administered import CHATS, TEAM, administered
from tests.support import Router

Served = tuple[Router, httpx.AsyncClient]
AS_TEAM, AS_CALLER = {"x-api-key": TEAM}, {"x-api-key": CHATS}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A router with six rows."""
    async with administered(tmp_path) as found:
        yield found


async def got(served: Served, path: str, headers: dict[str, str] | None = None) -> Any:
    """Return the answer of a path that is answered well."""
    answer = await served[1].get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def ids(answer: Any) -> list[str]:
    """Return which requests an answer lists."""
    return [row["request_id"] for row in answer["rows"]]


async def test_usage_lists_requests(served: Served) -> None:
    """The newest comes first, with all that the ledger knows of it."""
    answer = await got(served, "/admin/usage?limit=2")
    assert ids(answer) == ["r6", "r5"]
    row = answer["rows"][1]
    assert (row["tenant"], row["key"], row["model"]) == ("team", "key:b", '=m,"x"')
    assert (row["prompt_tokens"], row["wh"], row["first_token"]) == (10, 0.5, 0.5)
    assert row["at"].endswith(":02Z")
    assert answer["currency"] == "USD"
    following = await got(served, f"/admin/usage?limit=2&cursor={answer['next']}")
    assert ids(following) == ["r4", "r3"]
    assert (following["from"], following["to"]) == (answer["from"], answer["to"])


async def test_usage_is_grouped_and_filtered(served: Served) -> None:
    """Groups are in the order of their names."""
    answer = await got(served, "/admin/usage?group_by=tenant,cache&kind=chat")
    groups = [(row["tenant"], row["cache"], row["requests"]) for row in answer["rows"]]
    assert groups == [("default", "miss", 2), ("team", "hit", 1), ("team", "miss", 2)]
    assert answer["rows"][1]["saved_money"] == 0.125
    assert answer["next"] is None
    assert ids(await got(served, "/admin/usage?model=m:1b&from=9d&to=now")) == ["r2"]
    assert ids(await got(served, "/admin/usage?to=9d")) == []


async def test_csv_is_for_spreadsheets(served: Served) -> None:
    """The parameter or the header asks for it; the next page is a link; no cell is a formula."""
    client = served[1]
    answer = await client.get("/admin/usage?format=csv&limit=2&key=key:b")
    assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.csv"'
    assert "link" not in answer.headers
    head, row = csv.reader(io.StringIO(answer.text, newline=""))
    assert dict(zip(head, row, strict=True))["model"] == '\'=m,"x"'
    accepting = {"accept": "text/csv, */*;q=0.1"}
    first = await client.get("/admin/usage?limit=4&group_by=model", headers=accepting)
    assert first.text.startswith("model,requests,errors,")
    page = await client.get("/admin/usage?limit=4", headers=accepting)
    following = await client.get(f"/admin/usage{page.links['next']['url']}", headers=accepting)
    assert [len(each.text.splitlines()) for each in (page, following)] == [5, 3]
    for accept in ("application/json, text/csv", "*/*"):
        answer = await client.get("/admin/usage", headers={"accept": accept})
        assert answer.headers["content-type"] == "application/json"


async def test_callers_see_their_own_usage(served: Served) -> None:
    """Any key may ask, and nobody's rows but its own are shown, whatever it asks for."""
    assert ids(await got(served, "/v1/usage", AS_CALLER)) == ["r4", "r3"]
    answer = await got(served, "/v1/usage?group_by=key,tenant", AS_CALLER)
    assert [(row["key"], row["requests"]) for row in answer["rows"]] == [("static:chats", 2)]
    assert ids(await got(served, "/v1/usage")) == []
    page = await got(served, "/v1/usage?limit=1", AS_CALLER)
    stolen = await served[1].get(f"/v1/usage?limit=1&cursor={page['next']}", headers=AS_TEAM)
    assert stolen.status_code == 400
    for query in ("key=key:b", "tenant=default"):
        refused = await served[1].get(f"/v1/usage?{query}", headers=AS_CALLER)
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert error["param"] == query.partition("=")[0]
        assert error["message"].startswith("unknown parameter")


async def test_a_tenants_administrator_sees_the_tenant(served: Served) -> None:
    """Other tenants are not there for a caller without the scope `*`."""
    assert ids(await got(served, "/admin/usage", AS_TEAM)) == ["r5", "r4", "r3"]
    assert ids(await got(served, "/admin/usage?tenant=team", AS_TEAM)) == ["r5", "r4", "r3"]
    report = await got(served, "/admin/report", AS_TEAM)
    assert report["total_requests"] == 3
    assert [row["tenant"] for row in report["by_tenant"]] == ["team"]
    for path in ("/admin/usage", "/admin/report"):
        refused = await served[1].get(f"{path}?tenant=default", headers=AS_TEAM)
        assert refused.status_code == 404
        assert "no such tenant here" in refused.json()["error"]


async def test_a_report_is_made(served: Served) -> None:
    """It has the totals, what they were made of, and what clouds would have taken."""
    report = await got(served, "/admin/report")
    assert report["total_requests"] == 5
    assert report["router"]["requests"] == 1
    assert report["estimated_electricity_cost"] == 5 * 0.125
    assert report["cloud"][0]["name"] == "gpt-5-mini"
    assert len((await got(served, "/admin/report?top=1"))["by_model"]) == 2
    only = await got(served, "/admin/report?model=m:1b")
    assert (only["total_requests"], only["errors"]) == (1, 1)


WRONG = [
    ("/admin/usage?modl=x", "unknown parameter 'modl'; did you mean 'model'?"),
    ("/admin/usage?group_by=colour", "group_by: 'colour' is none of"),
    ("/admin/usage?from=2025-01-01T00:00:00+01:00", "from: expected a time ago"),
    ("/admin/usage?cursor=" + "x" * 5000, "cursor: expected 1 to 4096 characters"),
    ("/admin/usage?key=%00", "key: has a character that no name has"),
    ("/admin/report?group_by=day", "unknown parameter 'group_by'"),
    ("/admin/report?top=0", "top: expected 1 to 100"),
    ("/admin/report?top=101", "top: expected 1 to 100"),
]


@pytest.mark.parametrize(("path", "message"), WRONG)
async def test_what_is_malformed_is_refused(served: Served, path: str, message: str) -> None:
    """The error names the parameter, in the words of the path's other errors."""
    refused = await served[1].get(path)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith(message)


async def test_scopes_are_asked_for(served: Served) -> None:
    """Without a key nothing is shown, with one that may only chat just its own."""
    for path in ("/admin/usage", "/admin/report", "/v1/usage"):
        assert (await served[1].get(path, headers={"x-api-key": "x" * 20})).status_code == 401
    for path in ("/admin/usage", "/admin/report"):
        refused = await served[1].get(path, headers=AS_CALLER)
        assert refused.status_code == 403
        assert "admin:usage" in refused.json()["error"]

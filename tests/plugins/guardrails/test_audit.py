"""Decisions of guards, written down."""

from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from localai import Secret, SettingsError
from plugins.guardrails import audit as module
from plugins.guardrails.audit import Audit
from plugins.guardrails.audit_table import DECISIONS
from tests.plugins.support import asking, serving

CHAIN = "guardrails.audit guardrails.input"
LIMITS = "[plugins.guardrails.input]\nmax_characters = 20\n"
SECRET = "a secret that must not be seen"


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_decision_is_a_line_of_the_log(path: str, stream: bool, tmp_path: Path) -> None:
    """It names the request, the caller, the rule and what was done, and no text."""
    with capture_logs() as logs:
        async with serving(tmp_path, CHAIN, LIMITS) as (_, client):
            answer = await client.post(path, json=asking(SECRET, stream=stream))
    assert answer.status_code == 400
    (line,) = [each for each in logs if each["event"] == "guardrail decision"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["guard"], line["rule"]) == ("input", "max_characters")
    assert (line["action"], line["direction"], line["count"]) == ("block", "input", 1)
    assert (line["key"], line["model"], line["stream"]) == ("anonymous", "localai-guide", stream)
    assert SECRET not in str(logs)


async def test_a_request_without_decisions_leaves_no_trace(tmp_path: Path) -> None:
    """Only decisions are written down."""
    with capture_logs() as logs:
        async with serving(tmp_path, CHAIN) as (_, client):
            assert (await client.post("/api/chat", json=asking())).status_code == 200
            assert (await client.get("/health")).status_code == 200
    assert not [each for each in logs if each["event"] == "guardrail decision"]


async def test_decisions_are_kept_in_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are rows of a table when the file says so; the log is then a matter of taste."""
    monkeypatch.setattr(module, "FORGET_EVERY", 0.01)
    settings = f"{LIMITS}[plugins.guardrails.audit]\ndatabase = true\nlog = false\n"
    with capture_logs() as logs:
        async with serving(tmp_path, CHAIN, settings) as (router, client):
            options = {"num_gpu": 1, "num_predict": -1}
            body = asking(options=options)
            answer = await client.post("/api/chat", json=body)
            assert answer.status_code == 200
            audit = next(
                each.instance
                for each in router.gateway.current.plugins
                if each.name == "guardrails.audit"
            )
            await audit._rows.flush()
            async with router.gateway.database.read() as connection:
                rows = (await connection.execute(select(DECISIONS).order_by("id"))).all()
    assert [(row.rule, row.action) for row in rows] == [
        ("num_predict", "clamp"),
        ("num_gpu", "drop"),
    ]
    assert {row.request_id for row in rows} == {answer.headers["x-request-id"]}
    assert not [each for each in logs if each["event"] == "guardrail decision"]


def test_a_secret_that_is_too_long_is_refused() -> None:
    """BLAKE2b takes a key of at most 64 bytes."""
    with pytest.raises(SettingsError, match="65 bytes, 64 are the most"):
        Audit(Audit.Config(secret=Secret("x" * 65)))

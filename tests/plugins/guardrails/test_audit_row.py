"""A decision as it is kept."""

from localai import Decision, Principal
from plugins.guardrails.audit_row import AuditRow, row_of
from tests.plugins.support import a_call


def test_a_row_says_who_what_and_how_often() -> None:
    """All that is known of a decision is in its row; nothing of the request's text is."""
    decision = Decision(
        guard="pii", rule="card", action="redact", direction="output", count=2, hashes=("a", "b")
    )
    call = a_call(principal=Principal(id="key:1", tenant="lab", user="anna"))
    assert row_of(call, decision, 1.5) == AuditRow(
        at=1.5,
        request_id="test",
        tenant="lab",
        key="key:1",
        user="anna",
        model="llama3.2",
        kind="chat",
        dialect="ollama",
        stream=True,
        guard="pii",
        rule="card",
        action="redact",
        direction="output",
        count=2,
        hashes="a b",
        score=None,
    )

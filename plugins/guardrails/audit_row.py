"""A decision of a guard as it is kept: who asked, what was found, never the text."""

from msgspec import Struct

from localai import Call, Decision


class AuditRow(Struct, frozen=True, kw_only=True, gc=False):
    """One decision, with whose request it was about."""

    at: float
    """Seconds since 1970."""
    request_id: str
    tenant: str
    key: str
    """The id of the principal."""
    user: str
    model: str
    kind: str
    dialect: str
    stream: bool
    guard: str
    rule: str
    action: str
    direction: str
    count: int
    hashes: str
    """Keyed hashes of what was found, with spaces between them."""
    score: float | None


def row_of(call: Call, decision: Decision, at: float) -> AuditRow:
    """Return the row of a decision about a call."""
    principal = call.principal
    return AuditRow(
        at=at,
        request_id=call.request_id,
        tenant=principal.tenant,
        key=principal.id,
        user=principal.user,
        model=call.model,
        kind=call.kind,
        dialect=call.dialect,
        stream=call.stream,
        guard=decision.guard,
        rule=decision.rule,
        action=decision.action,
        direction=decision.direction,
        count=decision.count,
        hashes=" ".join(decision.hashes),
        score=decision.score,
    )

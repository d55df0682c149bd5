"""Who a record stands for, with those who made it: what they may not do, it may not do either."""

import math
from collections.abc import Mapping

from localai import Principal, Unauthenticated
from plugins.auth.records import Record, Standing

MAX_DEPTH = 8
"""Most records in a line in which each has made the next."""


def stand(record: Record, records: Mapping[str, Record], epoch: int, now: float) -> Standing:
    """Work out a record's standing, and note it in the record and in its makers.

    What is noted with the same `epoch` is taken as it is. Raises `Unauthenticated` that says which
    of them has ended, and how.
    """
    line = [record]
    while (maker := line[-1].parent) is not None:
        found = records.get(maker)
        if found is None:
            raise _refusal(record, line[-1], "was made by one that is gone")
        line.append(found)
        if len(line) > MAX_DEPTH:
            raise _refusal(record, record, f"has more than {MAX_DEPTH - 1} makers")
    standing: Standing | None = None
    until = math.inf
    for each in reversed(line):
        if ended := each.ended(now):
            raise _refusal(record, each, ended[1])
        until = min(until, math.inf if each.expires_at is None else each.expires_at)
        parent = standing.principal if standing else None
        standing = each.standing
        if standing is None or standing.epoch != epoch:
            standing = each.standing = Standing(each.principal(parent), until, epoch)
    assert standing is not None
    return standing


def depth(principal: Principal) -> int:
    """Return how many stand in a principal's line, itself among them."""
    return sum(1 for _ in principal.lineage())


def _refusal(record: Record, ended: Record, reason: str) -> Unauthenticated:
    if ended is record:
        return Unauthenticated(f"this {record.noun} {reason}: ask for a new one")
    return Unauthenticated(
        f"this {record.noun} was made by a {ended.noun} that {reason}: ask for a new one"
    )

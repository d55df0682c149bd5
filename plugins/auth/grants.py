"""What a key is given, and the rule that nobody gives more than they hold.

It is checked here when a key is made or changed; at use `Principal.parent` does it again, so a
maker who has lost something has lost it for all keys made with it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from localai import Budget, Forbidden, Limits, Period, Principal, Unit, model_pattern
from plugins.auth.measures import fits
from plugins.auth.patterns import includes

Names = tuple[str, ...] | None


class Grants(Struct, frozen=True, kw_only=True):
    """What a key may do, use and take, and how long."""

    tenant: str = "default"
    scopes: tuple[str, ...] = ()
    models: Names = None
    tools: Names = None
    limits: Limits | None = None
    budgets: tuple[Budget, ...] = ()
    expires_at: float | None = None
    """Seconds since 1970 (UTC); `None` for never."""
    forwards_users: bool = False
    """Whether its word is taken for who stands behind a request."""


def within(child: Grants, parent: Principal, until: float) -> Grants:
    """Return what a key gets that `parent` makes or changes, who may call `until` then.

    Where the child names no models, tools, limits, budgets or end, it takes its parent's. Raises
    `Forbidden` that names what is too much.
    """
    for scope in child.scopes:
        if not parent.may(scope):
            raise _too_much("scopes", f"the scope '{scope}'")
    may_all = parent.may("*")
    if child.tenant != parent.tenant and not may_all:
        raise _too_much("tenant", f"the tenant '{child.tenant}'")
    if child.forwards_users and not may_all:
        raise Forbidden(
            "only who holds the scope '*' can have a key believed that says who its users are",
            param="forwards_users",
        )
    line = tuple(parent.lineage())
    expires_at = child.expires_at
    if until < inf:
        if expires_at is not None and expires_at > until:
            end = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
            raise Forbidden(f"it would outlive who makes it, until {end}", param="expires_at")
        expires_at = until if expires_at is None else expires_at
    return replace(
        child,
        models=_names("models", child.models, [each.models for each in line], model_pattern),
        tools=_names("tools", child.tools, [each.tools for each in line], str),
        limits=_limits(child.limits, [each.limits or Limits() for each in line]),
        budgets=_budgets(child.budgets, [each.budgets for each in line]),
        expires_at=expires_at,
    )


def _names(what: str, child: Names, line: Iterable[Names], form: Callable[[str], str]) -> Names:
    held = [names for names in line if names is not None]
    if child is None:
        return held[0] if held else None
    for name in child:
        for names in held:
            if not any(includes(form(outer), form(name)) for outer in names):
                raise _too_much(what, f"'{name}' among its {what}")
    return child


def _limits(child: Limits | None, line: Sequence[Limits]) -> Limits | None:
    child = child or Limits()
    most = {name: _rate(name, getattr(child, name), line) for name in ("requests", "tokens")}
    concurrent = child.concurrent
    for each in line:
        if each.concurrent and concurrent > each.concurrent:
            raise _too_much("limits", f"{concurrent} requests at a time")
        concurrent = concurrent or each.concurrent
    limits = Limits(**most, concurrent=concurrent)
    return None if limits == Limits() else limits


def _rate(name: str, child: str, line: Iterable[Limits]) -> str:
    held = [rate for rate in (getattr(each, name) for each in line) if rate]
    if not child:
        return held[0] if held else ""
    if not all(fits(child, rate) for rate in held):
        raise _too_much("limits", f"'{child}' {name}")
    return child


def _budgets(child: tuple[Budget, ...], line: Iterable[tuple[Budget, ...]]) -> tuple[Budget, ...]:
    amounts = {(each.unit, each.period): each.amount for each in child}
    inherited: dict[tuple[Unit, Period], Budget] = {}
    for each in chain.from_iterable(line):
        amount = amounts.get((each.unit, each.period))
        if amount is None:
            inherited.setdefault((each.unit, each.period), each)
        elif amount > each.amount:
            raise _too_much("budgets", f"{amount:g} {each.unit}/{each.period}")
    return (*child, *inherited.values())


def _too_much(param: str, what: str) -> Forbidden:
    return Forbidden(f"nobody can give what they do not hold: {what}", param=param)

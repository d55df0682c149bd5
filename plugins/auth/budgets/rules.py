"""Which budgets a caller has: its own, those of who made it, and those of the file."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from localai import BudgetSpent, Period, Principal, Unit
from plugins.auth.budgets import periods

UNITS: dict[Unit, str] = {
    "tokens": "tokens",
    "gpu_seconds": "GPU-seconds",
    "wh": "Wh",
    "money": "in money",
}


class Rule(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A budget that each tenant, user or key of these names has of its own."""

    per: Literal["tenant", "user", "key"]
    name: str = "*"
    """A name or a shell pattern; of a key, its name or its id."""
    amount: Annotated[float, Meta(ge=0, lt=1e15)]
    unit: Unit
    period: Period


class Account(NamedTuple):
    """A budget and who shares it."""

    subject: str
    """`key:7hQ2…`, `user:anna`, or by a rule `user anna` and `tenant acme`."""
    unit: Unit
    period: Period
    limit: float
    owner: str
    """In words, for the caller: `your key`."""

    def spent(self, at: float) -> BudgetSpent:
        """Return the error for a budget of which nothing is left."""
        wait = periods.end_of(self.period, at) - at
        return BudgetSpent(
            f"the {self} is used up: it starts again in {periods.in_words(wait)}", retry_after=wait
        )

    def too_small(self, needed: float, left: float, at: float) -> BudgetSpent:
        """Return the error for a budget of which less is left than a request needs."""
        wait = periods.end_of(self.period, at) - at
        return BudgetSpent(
            f"this request needs about {plain(needed)} {UNITS[self.unit]}, and the {self} has "
            f"{plain(left)} left: ask for less, or wait {periods.in_words(wait)}",
            retry_after=wait,
        )

    def __str__(self) -> str:
        amount = f"{plain(self.limit)} {UNITS[self.unit]}"
        return f"budget of {amount} per {self.period} for {self.owner}"


def accounts_of(principal: Principal, rules: Sequence[Rule]) -> tuple[Account, ...]:
    """Return the budgets that a call of this principal is booked on, the smallest of equal ones."""
    if principal.is_router or not (rules or principal.budgets or principal.parent):
        return ()  # as most callers
    found: dict[tuple[str, Unit, Period], Account] = {}
    for account in (*_own(principal), *_ruled(principal, rules)):
        key = account[:3]
        if key not in found or account.limit < found[key].limit:
            found[key] = account
    return tuple(found.values())


def plain(amount: float) -> str:
    """Write an amount without an exponent; a small one, such as money, with more decimals."""
    return f"{amount:.{2 if amount >= 1 else 6}f}".rstrip("0").rstrip(".")


def _own(principal: Principal) -> Iterator[Account]:
    each: Principal | None = principal
    owner = "your key"
    while each is not None:
        for budget in each.budgets:
            yield Account(each.id, budget.unit, budget.period, budget.amount, owner)
        each, owner = each.parent, "the key that made yours"


def _ruled(principal: Principal, rules: Sequence[Rule]) -> Iterator[Account]:
    for rule in rules:
        subject, owner = "", f"your {rule.per}"
        if rule.per == "tenant" and fnmatchcase(principal.tenant, rule.name):
            subject = f"tenant {principal.tenant}"
        elif rule.per == "user" and principal.user and fnmatchcase(principal.user, rule.name):
            subject = f"user {principal.user}"
        elif rule.per == "key" and (
            fnmatchcase(principal.name, rule.name) or fnmatchcase(principal.id, rule.name)
        ):
            subject = principal.id
        if subject:
            yield Account(subject, rule.unit, rule.period, rule.amount, owner)

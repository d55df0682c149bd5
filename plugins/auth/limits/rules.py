"""The rules of the file, and which of them a call counts towards."""

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from limits.util import parse_many
from msgspec import Meta, Struct

from localai import Call, Connection, Limits, Principal, SettingsError
from plugins.auth.addresses import place_of

Per = Literal["key", "user", "tenant", "address"]
Unit = Literal["requests", "tokens"]

KINDS = {
    "chat": ("chat", "generate"),
    "embeddings": ("embed",),
    "any": ("chat", "generate", "embed"),
}
MOST = 10**12
"""Of a rate: Redis' scripts count exactly to 2^53."""
LONGEST = 366 * 86_400
"""Seconds of a rate's period."""
REMEMBERED = 1024
"""Callers whose limits are not looked up again for each call."""
LONG_NAME = 128
"""Characters; a longer name is counted by its digest, so that counters stay small."""


class Rule(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How fast each one of some callers may ask."""

    per: Per = "key"
    """What is counted by itself: each key, user, tenant or address."""
    kind: Literal["chat", "embeddings", "any"] = "any"
    """Which calls count; per address, `any` counts every HTTP request but health checks."""
    name: str = "*"
    """Which keys, users, tenants or addresses: a shell pattern."""
    requests: str = ""
    """A rate such as `60/minute`; empty for no limit."""
    tokens: str = ""
    """A rate of prompt and answer together; empty for no limit."""
    concurrent: Annotated[int, Meta(ge=0)] = 0
    """Most answers at a time; 0 for no limit."""


class Rate(NamedTuple):
    """So much in so much time."""

    amount: int
    seconds: int
    period: str
    """In words: `minute`, `5 minutes`."""
    tail: str
    """What it adds to the key of a counter."""

    def key(self, scope: str, name: str) -> str:
        """Return the key of a counter, as `limits` writes it."""
        return f"LIMITER/{scope}/{name}/{self.tail}"


class Charge(NamedTuple):
    """A rate that a call counts towards."""

    rate: Rate
    unit: Unit
    key: str
    whose: str
    """For messages: `your key`."""
    is_address: bool = False
    """Whether the counter belongs to an address, of which anybody can have many."""


class Slot(NamedTuple):
    """A limit of the calls that run at the same time."""

    most: int
    key: str
    whose: str


class Demand:
    """All limits that a call counts towards."""

    __slots__ = ("charges", "counts_tokens", "slots")

    def __init__(self, charges: Sequence[Charge], slots: Sequence[Slot] = ()) -> None:
        self.charges = charges
        self.slots = slots
        self.counts_tokens = any(charge.unit == "tokens" for charge in charges)

    def requests(self) -> "Demand":
        """Return only what counts requests."""
        return Demand([charge for charge in self.charges if charge.unit == "requests"])


NOTHING = Demand(())


class _Subject(NamedTuple):
    name: str
    whose: str
    is_address: bool = False


class _Measure(NamedTuple):
    """One of a rule's three limits."""

    per: Per
    scope: str
    """First part of the counters' keys."""
    name: str
    unit: Unit = "requests"
    rate: Rate | None = None
    most: int = 0


class Rules:
    """Finds what a call counts towards. Raises `SettingsError` for rules that can't be read."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._by_kind: dict[str, list[_Measure]] = {kind: [] for kind in KINDS["any"]}
        self._at_the_door: list[_Measure] = []
        self._needs_address = any(rule.per == "address" for rule in rules)
        self._of_known = lru_cache(maxsize=REMEMBERED)(self._of_known_caller)
        for rule in dict.fromkeys(rules):
            for measure in _measures(rule):
                if rule.per == "address" and rule.kind == "any" and measure.unit == "requests":
                    self._at_the_door.append(measure)
                    continue
                for kind in KINDS[rule.kind]:
                    self._by_kind[kind].append(measure)

    @property
    def guards_the_door(self) -> bool:
        """Whether some rule counts every HTTP request."""
        return bool(self._at_the_door)

    def at_the_door(self, address: str) -> list[Charge]:
        """Return what each HTTP request from an address counts towards."""
        subject = _Subject(place_of(address), "your address", is_address=True)
        return [
            _charge(measure.rate, measure.unit, measure.scope, subject)
            for measure in self._at_the_door
            if measure.rate is not None and _is_for(measure, address)
        ]

    def of(self, call: Call) -> Demand:
        """Return what a call counts towards; one that only loads a model is a request, no more."""
        who = call.principal
        if who.is_router:
            return NOTHING
        if who.parent or self._needs_address or who.is_anonymous:
            demand = self._of(call.kind, who, call.connection)
        else:
            demand = self._of_known(call.kind, who.id, who.name, who.user, who.tenant, who.limits)
        return demand.requests() if call.loads_only else demand

    def _of_known_caller(
        self, kind: str, id: str, name: str, user: str, tenant: str, limits: Limits | None
    ) -> Demand:
        caller = Principal(id=id, name=name, user=user, tenant=tenant, limits=limits)
        return self._of(kind, caller, None)

    def _of(self, kind: str, principal: Principal, connection: Connection | None) -> Demand:
        charges: list[Charge] = []
        slots: list[Slot] = []
        own = principal.limits or Limits()
        if principal.limits or principal.parent:
            _add_own(charges, slots, principal)
        for measure in self._by_kind[kind]:
            if measure.per == "key" and _is_own(own, measure):
                continue
            subject = _subject(measure, principal, connection)
            if subject is None:
                continue
            if measure.rate is not None:
                charges.append(_charge(measure.rate, measure.unit, measure.scope, subject))
            else:
                slots.append(_slot(measure.most, measure.scope, subject))
        return Demand(charges, slots)


@lru_cache(maxsize=1024)
def rate(text: str) -> Rate:
    """Read a rate such as `60/minute`; raise `SettingsError` that shows a right one."""
    try:
        items = parse_many(text)
    except ValueError:
        items = []
    if len(items) != 1 or not (0 < items[0].amount <= MOST and items[0].get_expiry() <= LONGEST):
        raise SettingsError(
            f"'{text[:64]}' is not one rate: write it as 60/minute, 1000/day or 10 per 5 minutes"
        )
    (item,) = items
    unit = item.GRANULARITY.name
    period = unit if item.multiples == 1 else f"{item.multiples} {unit}s"
    return Rate(item.amount, item.get_expiry(), period, f"{item.amount}/{item.multiples}/{unit}")


def _measures(rule: Rule) -> list[_Measure]:
    def measure(what: str, unit: Unit, speed: Rate | None, most: int = 0) -> _Measure:
        scope = f"{rule.per}:{rule.kind}:{_short(rule.name)}:{what}"
        return _Measure(rule.per, scope, rule.name, unit, speed, most)

    found = []
    if rule.requests:
        found.append(measure("requests", "requests", rate(rule.requests)))
    if rule.tokens:
        found.append(measure("tokens", "tokens", rate(rule.tokens)))
    if rule.concurrent:
        found.append(measure("slots", "requests", None, rule.concurrent))
    if not found:
        raise SettingsError(
            f"the rule per {rule.per} for {rule.kind} limits nothing: "
            'give it requests = "60/minute", tokens = "20000/minute" or concurrent = 4'
        )
    return found


def _is_own(own: Limits, measure: _Measure) -> bool:
    """Say whether a caller's own limits have one in a measure's place."""
    if measure.rate is None:
        return own.concurrent > 0
    return bool(own.requests if measure.unit == "requests" else own.tokens)


def _add_own(charges: list[Charge], slots: list[Slot], principal: Principal) -> None:
    """Add a caller's own limits, and those of whoever made its key.

    Else a key could multiply its limits by making others.
    """
    for each in principal.lineage():
        own = each.limits
        if own is None:
            continue
        whose = _whose(each) if each is principal else "the key that yours comes from"
        subject = _Subject(each.id, whose)
        if own.requests:
            charges.append(_charge(rate(own.requests), "requests", "own:requests", subject))
        if own.tokens:
            charges.append(_charge(rate(own.tokens), "tokens", "own:tokens", subject))
        if own.concurrent:
            slots.append(_slot(own.concurrent, "own:slots", subject))


def _subject(
    measure: _Measure, principal: Principal, connection: Connection | None
) -> _Subject | None:
    """Return who is counted by a measure, or `None` where it is not for this caller."""
    per = measure.per
    if per == "key":
        if principal.is_anonymous:
            # Whoever may do everything on this machine is its owner.
            if principal.may("*") or not _is_for(measure, principal.id, principal.name):
                return None
            return _address(connection) or _Subject(principal.id, "callers without a key")
        if not _is_for(measure, principal.id, principal.name):
            return None
        return _Subject(principal.id, _whose(principal))
    if per == "user":
        name = principal.user
        return _Subject(name, "your user") if name and _is_for(measure, name) else None
    if per == "tenant":
        name = principal.tenant
        return _Subject(name, "your tenant") if _is_for(measure, name) else None
    if connection is None or not _is_for(measure, connection.client):
        return None
    return _address(connection)


def _is_for(measure: _Measure, *names: str) -> bool:
    pattern = measure.name
    return pattern == "*" or any(fnmatchcase(name, pattern) for name in names)


def _address(connection: Connection | None) -> _Subject | None:
    if connection is None:
        return None
    return _Subject(place_of(connection.client), "your address", is_address=True)


def _whose(principal: Principal) -> str:
    return "your account" if principal.id.startswith("user:") else "your key"


def _charge(speed: Rate, unit: Unit, scope: str, subject: _Subject) -> Charge:
    key = speed.key(scope, _short(subject.name))
    return Charge(speed, unit, key, subject.whose, subject.is_address)


def _slot(most: int, scope: str, subject: _Subject) -> Slot:
    return Slot(most, f"{scope}/{_short(subject.name)}/{most}", subject.whose)


def _short(name: str) -> str:
    if len(name) <= LONG_NAME:
        return name
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return f"{name[:32]}…{digest}"

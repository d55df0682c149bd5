"""Who calls, and what they may do, use and take."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

from core.value import Value

Unit = Literal["tokens", "gpu_seconds", "wh", "money"]
Period = Literal["hour", "day", "month"]


class Limits(Value, frozen=True, kw_only=True):
    """How fast a caller may ask; rates are texts such as `60/minute`, empty for no own limit."""

    requests: str = ""
    tokens: str = ""
    """Prompt and completion together."""
    concurrent: int = 0
    """Most requests at a time; 0 for no own limit."""


class Budget(Value, frozen=True, kw_only=True):
    """How much a caller may take in each period of the calendar (UTC)."""

    amount: float
    unit: Unit
    period: Period


class Principal(Value, frozen=True, kw_only=True):
    """Who is calling, and what they may do.

    `scopes` may hold `*` (everything) and `admin:*` (everything below a prefix); `models` and
    `tools` are names or shell patterns, `None` allows every one.
    """

    id: str
    """Unique among all callers and harmless to log: `key:7hQ2…`, `user:anna`, `static:team`."""
    name: str = ""
    user: str = ""
    """The person behind the credential, if that is known."""
    tenant: str = "default"
    scopes: frozenset[str] = frozenset()
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None
    limits: Limits | None = None
    budgets: tuple[Budget, ...] = ()
    parent: "Principal | None" = None
    """Who made this credential; what they may not do themselves, it may not do either."""

    @property
    def is_anonymous(self) -> bool:
        """Whether this is a caller without a credential."""
        return self.id == ANONYMOUS

    @property
    def is_router(self) -> bool:
        """Whether the router itself asks, for what it needs: no limit and no budget counts that."""
        return self.id.startswith(ROUTER)

    def on_behalf(self) -> "Principal":
        """Return who the router is while it does something of its own for this caller.

        It shares this caller's data and nobody else's.
        """
        return Principal(id=f"{ROUTER}{self.id}", user=self.user, tenant=self.tenant)

    def lineage(self) -> Iterator["Principal"]:
        """Yield this principal, the one who made it, and so on."""
        each: Principal | None = self
        while each is not None:
            yield each
            each = each.parent

    def may(self, scope: str) -> bool:
        """Say whether this caller holds `scope`."""
        held = (
            scope in self.scopes
            or "*" in self.scopes
            or f"{scope.partition(':')[0]}:*" in self.scopes
        )
        return held and (self.parent is None or self.parent.may(scope))

    def may_use(self, model: str) -> bool:
        """Say whether this caller may use `model`; `x` and `x:latest` are the same model."""
        if self.models is not None:
            name = full_name(model).lower()
            if not any(fnmatchcase(name, model_pattern(each)) for each in self.models):
                return False
        return self.parent is None or self.parent.may_use(model)

    def may_call(self, tool: str) -> bool:
        """Say whether this caller may offer a model the tool of this name."""
        if self.tools is not None and not any(fnmatchcase(tool, each) for each in self.tools):
            return False
        return self.parent is None or self.parent.may_call(tool)


ANONYMOUS = "anonymous"
"""The id of callers without a credential."""

ROUTER = "router:"
"""Before the ids of the router itself, which no credential has."""

UNCLAIMED = Principal(id=ANONYMOUS)
"""What a plugin's `authenticate` returns while it has no key and no user at all yet. When all say
so, callers on this machine are let in."""


def model_pattern(text: str) -> str:
    """Return the form of a model's name or pattern that full names are matched against.

    A name gets its tag, `x` is `x:latest`; a pattern matches whole names, so `x*` has any tag.
    """
    is_pattern = any(sign in text for sign in "*?[")
    return (text if is_pattern else full_name(text)).lower()


def full_name(model: str) -> str:
    """Return the model's name with its tag, as Ollama completes it: `x` is `x:latest`."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"

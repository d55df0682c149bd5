"""Nobody gives more than they hold."""

from itertools import product
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Budget, Forbidden, Limits, Principal
from plugins.auth.grants import Grants, within
from plugins.auth.measures import fits

ROOT = Principal(id="anonymous", scopes=frozenset({"*"}))
DAY = 86_400.0

scopes = st.lists(
    st.sampled_from(["*", "chat", "embeddings", "admin:*", "admin:keys", "admin:users"]), max_size=3
)
names = st.none() | st.lists(
    st.sampled_from(["a", "a:7b", "ab", "a*", "*", "A:*", "b?", "[ab]:latest", "x/a"]), max_size=3
).map(tuple)
rates = st.just("") | st.builds(
    lambda count, period: f"{count}/{period}",
    st.integers(1, 90),
    st.sampled_from(["second", "minute", "hour"]),
)
limits = st.none() | st.builds(
    lambda requests, tokens, concurrent: Limits(
        requests=requests, tokens=tokens, concurrent=concurrent
    ),
    rates,
    rates,
    st.integers(0, 3),
)
budgets = st.lists(
    st.builds(
        lambda amount, unit, period: Budget(amount=amount, unit=unit, period=period),
        st.integers(1, 3),
        st.sampled_from(["tokens", "wh"]),
        st.sampled_from(["hour", "day"]),
    ),
    unique_by=lambda each: (each.unit, each.period),
    max_size=2,
).map(tuple)
tenants = st.sampled_from(["default", "other"])

grants = st.builds(
    lambda scopes, **fields: Grants(scopes=tuple(scopes), **fields),
    scopes,
    tenant=tenants,
    models=names,
    tools=names,
    limits=limits,
    budgets=budgets,
    expires_at=st.none() | st.sampled_from([DAY, 2 * DAY]),
    forwards_users=st.booleans(),
)


def principal(grants: Grants, parent: Principal | None = None) -> Principal:
    """Return who has these grants."""
    return Principal(
        id="key:0000000000",
        tenant=grants.tenant,
        scopes=frozenset(grants.scopes),
        models=grants.models,
        tools=grants.tools,
        limits=grants.limits,
        budgets=grants.budgets,
        parent=parent,
    )


parents = st.builds(principal, grants) | st.builds(
    lambda one, other: principal(one, principal(other)), grants, grants
)

SCOPES = ("*", "chat", "embeddings", "admin:*", "admin:keys", "admin:users", "admin:config")
MODELS = [f"{name}{tag}" for name, tag in product(("a", "ab", "b", "bb", "x/a"), ("", ":7b"))]


@given(grants, parents, st.sampled_from([inf, DAY]))
def test_what_is_given_is_held(child: Grants, parent: Principal, until: float) -> None:
    """What passes can do nothing, use nothing and take nothing that its maker could not."""
    try:
        given = within(child, parent, until)
    except Forbidden:
        return
    made = principal(given)
    assert all(parent.may(scope) for scope in SCOPES if made.may(scope))
    assert (
        all(parent.may_use(model) for model in MODELS if made.may_use(model))
        or child.models is None
    )
    assert (
        all(parent.may_call(tool) for tool in MODELS if made.may_call(tool)) or child.tools is None
    )
    assert given.tenant == parent.tenant or parent.may("*")
    assert not given.forwards_users or parent.may("*")
    assert until == inf or (given.expires_at is not None and given.expires_at <= until)
    nearest = parent.limits or Limits()
    had = given.limits or Limits()
    for measure in ("requests", "tokens"):
        bound = getattr(nearest, measure)
        assert not bound or fits(getattr(had, measure), bound)
    assert not nearest.concurrent or 0 < had.concurrent <= nearest.concurrent
    amounts = {(each.unit, each.period): each.amount for each in given.budgets}
    for budget in parent.budgets:
        assert amounts[budget.unit, budget.period] <= budget.amount


@given(grants, st.sampled_from([inf, DAY]))
def test_everybody_may_give_what_they_have(had: Grants, until: float) -> None:
    """Grants are within themselves, and come out as they are when they end in time."""
    parent = principal(had)
    if had.forwards_users and not parent.may("*"):
        with pytest.raises(Forbidden, match="who its users are"):
            within(had, parent, until)
        return
    if had.expires_at is not None and had.expires_at > until:
        with pytest.raises(Forbidden, match="outlive"):
            within(had, parent, until)
        return
    given = within(had, parent, until)
    assert given.limits == (None if had.limits == Limits() else had.limits)
    assert (given.scopes, given.models, given.tools) == (had.scopes, had.models, had.tools)
    assert set(given.budgets) == set(had.budgets)


@given(grants)
def test_who_may_do_everything_gives_everything(child: Grants) -> None:
    """A caller with `*` and no bounds gives whatever is asked, unchanged."""
    given = within(child, ROOT, inf)
    if child.limits != Limits():
        assert given == child


BOUND = Principal(
    id="key:0000000000",
    tenant="team",
    scopes=frozenset({"chat", "admin:*"}),
    models=("qwen*", "llama3.2"),
    tools=("get_*",),
    limits=Limits(requests="60/minute", concurrent=4),
    budgets=(Budget(amount=1000, unit="tokens", period="day"),),
    parent=Principal(
        id="user:anna", tenant="team", scopes=frozenset({"*"}), models=("qwen*", "l*")
    ),
)
MINE: dict[str, Any] = {"tenant": "team", "scopes": ("chat",)}


@pytest.mark.parametrize(
    ("asked", "message", "param"),
    [
        ({"scopes": ("chat", "embeddings")}, "the scope 'embeddings'", "scopes"),
        ({"scopes": ("*",)}, "the scope '*'", "scopes"),
        ({"tenant": "other"}, "the tenant 'other'", "tenant"),
        ({"models": ("qwen2.5", "mistral")}, "'mistral' among its models", "models"),
        ({"models": ("*",)}, "'*' among its models", "models"),
        ({"models": ("llama3.2:1b",)}, "'llama3.2:1b' among its models", "models"),
        ({"tools": ("set_time",)}, "'set_time' among its tools", "tools"),
        ({"limits": Limits(requests="61/minute")}, "'61/minute' requests", "limits"),
        ({"limits": Limits(concurrent=5)}, "5 requests at a time", "limits"),
        (
            {"budgets": (Budget(amount=1001, unit="tokens", period="day"),)},
            "1001 tokens/day",
            "budgets",
        ),
        ({"expires_at": DAY + 1}, "outlive who makes it, until 1970-01-02", "expires_at"),
        ({"forwards_users": True}, "who its users are", "forwards_users"),
    ],
)
def test_what_is_too_much_is_named(asked: dict[str, Any], message: str, param: str) -> None:
    """The refusal is a 403 that names what was asked and not held."""
    with pytest.raises(Forbidden) as caught:
        within(Grants(**(MINE | asked)), BOUND, DAY)
    assert message in caught.value.message
    assert caught.value.param == param


def test_what_is_not_said_is_the_makers() -> None:
    """Without own models, tools, limits, budgets and end, a key gets its maker's."""
    given = within(Grants(**MINE), BOUND, DAY)
    assert given == Grants(
        **MINE,
        models=BOUND.models,
        tools=BOUND.tools,
        limits=BOUND.limits,
        budgets=BOUND.budgets,
        expires_at=DAY,
    )


def test_some_bounds_may_be_narrower() -> None:
    """What is said stands, and the rest is the maker's."""
    mine = Budget(amount=10, unit="tokens", period="hour")
    given = within(
        Grants(**MINE, limits=Limits(tokens="9/day"), budgets=(mine,), expires_at=9.0), BOUND, DAY
    )
    assert given.limits == Limits(requests="60/minute", tokens="9/day", concurrent=4)
    assert given.budgets == (mine, *BOUND.budgets)
    assert given.expires_at == 9.0


def test_the_makers_makers_count_too() -> None:
    """A name must be within the bounds of everybody in the line."""
    parent = BOUND.replace(models=("qwen*", "mistral"), parent=BOUND.parent)
    with pytest.raises(Forbidden, match="'mistral'"):
        within(Grants(**MINE, models=("mistral",)), parent, inf)

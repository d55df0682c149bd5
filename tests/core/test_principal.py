"""Who calls, and what they and those who vouch for them may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.principal import ANONYMOUS, UNCLAIMED, Budget, Limits, Principal, full_name

SCOPES = ("chat", "embeddings", "models:read", "admin:keys", "admin:config")
NAMES = st.sampled_from(["llama3.2", "llama3.2:1b", "qwen3", "team/x"])
PATTERNS = st.none() | st.lists(NAMES | st.sampled_from(["*", "llama*", "qwen3:*"])).map(tuple)


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        ("chat", "chat", True),
        ("chat", "embeddings", False),
        ("*", "admin:config", True),
        ("admin:*", "admin:config", True),
        ("admin:*", "adminx:config", False),
        ("admin", "admin:config", False),
        ("models:read", "models:write", False),
        ("", "chat", False),
    ],
)
def test_scopes_are_exact_or_of_a_prefix(held: str, wanted: str, allowed: bool) -> None:
    """A scope is held by name, by the star after its prefix, or by the star alone."""
    assert Principal(id="p", scopes=frozenset({held})).may(wanted) is allowed


@pytest.mark.parametrize(
    ("models", "model", "allowed"),
    [
        (None, "anything", True),
        ((), "anything", False),
        (("llama3.2",), "llama3.2:latest", True),
        (("llama3.2:latest",), "LLAMA3.2", True),
        (("llama3.2",), "llama3.2:1b", False),
        (("llama3.2:*",), "llama3.2:1b", True),
        (("qwen*",), "qwen3", True),
        (("qwen*",), "qwen3:14b", True),
        (("*",), "team/qwen3:14b", True),
        (("qwen3:*b",), "qwen3", False),
        (("team/x",), "team/x", True),
    ],
)
def test_models_are_allowed_by_name_or_pattern(
    models: tuple[str, ...] | None, model: str, allowed: bool
) -> None:
    """`x` and `x:latest` are the same model, and case makes no difference."""
    assert Principal(id="p", models=models).may_use(model) is allowed


@given(st.text())
def test_a_full_name_has_a_tag_and_stays(model: str) -> None:
    """Completing a name twice changes nothing more."""
    assert ":" in full_name(model)
    assert full_name(full_name(model)) == full_name(model)


def test_a_port_in_a_name_is_no_tag() -> None:
    """The colon of a registry's port does not count as a tag."""
    assert full_name("host:5000/team/x") == "host:5000/team/x:latest"


def _principals(parents: st.SearchStrategy[Principal | None]) -> st.SearchStrategy[Principal]:
    return st.builds(
        Principal,
        id=st.just("p"),
        scopes=st.frozensets(st.sampled_from([*SCOPES, "*", "admin:*"])),
        models=PATTERNS,
        tools=PATTERNS,
        parent=parents,
    )


FAMILIES = st.recursive(_principals(st.none()), _principals, max_leaves=4)


@given(FAMILIES, st.sampled_from(SCOPES), NAMES)
def test_nobody_may_more_than_those_who_vouch_for_them(
    principal: Principal, scope: str, name: str
) -> None:
    """What a principal may do, use and offer, everybody in its lineage may too."""
    lineage = list(principal.lineage())
    alone = [each.replace(parent=None) for each in lineage]
    assert lineage[0] is principal
    assert principal.may(scope) == all(each.may(scope) for each in alone)
    assert principal.may_use(name) == all(each.may_use(name) for each in alone)
    assert principal.may_call(name) == all(each.may_call(name) for each in alone)


@pytest.mark.parametrize(
    ("tools", "allowed"), [(None, True), ((), False), (("weather",), True), (("we*",), True)]
)
def test_tools_are_allowed_by_name_or_pattern(tools: tuple[str, ...] | None, allowed: bool) -> None:
    """A caller may offer every tool, none, or those that the names and patterns cover."""
    principal = Principal(id="p", tools=tools)
    assert principal.may_call("weather") is allowed
    assert principal.may_call("Weather") is (tools is None)


def test_nobody_yet_may_nothing() -> None:
    """What plugins return while nobody is set up is anonymous, and holds no scope itself."""
    assert UNCLAIMED.is_anonymous
    assert UNCLAIMED.id == ANONYMOUS
    assert not UNCLAIMED.may("chat")
    assert not Principal(id="key:1").is_anonymous


def test_the_router_acts_for_a_caller_with_that_callers_data_only() -> None:
    """It has the tenant and user of whoever it acts for, an id for each, and no limit or budget."""
    anna = Principal(
        id="key:1",
        user="anna",
        tenant="lab",
        models=("tiny",),
        limits=Limits(requests="1/minute"),
        budgets=(Budget(amount=1, unit="tokens", period="day"),),
        parent=Principal(id="user:anna"),
    )
    router = anna.on_behalf()
    assert router == Principal(id="router:key:1", user="anna", tenant="lab")
    assert router.is_router
    assert not anna.is_router

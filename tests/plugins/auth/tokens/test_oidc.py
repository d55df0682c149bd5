"""Issuers of the settings, and what their claims stand for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Principal
from plugins.auth.tokens.compact import Parts, take_apart
from plugins.auth.tokens.errors import InvalidToken
from plugins.auth.tokens.oidc import principal_of, rules_of
from tests.plugins.auth.tokens.support import an_issuer, as_json, by_hand, claims


def parts(**changes: Any) -> Parts:
    """Return the parts of a token with these claims."""
    return take_apart(by_hand('{"alg":"RS256"}', as_json(claims(**changes))))


def test_a_user_of_an_issuer_is_told_from_all_others() -> None:
    """The name of the issuer stands before the user's, so no local user can be meant."""
    assert principal_of(an_issuer(), parts(name="Anna A.")) == Principal(
        id="user:corp/anna", name="Anna A.", user="corp/anna"
    )
    assert principal_of(an_issuer(name="b"), parts()).id == "user:b/anna"


def test_claims_are_found_by_name_or_by_path() -> None:
    """Keycloak nests its roles, Auth0 names its claims by addresses; both are read."""
    issuer = an_issuer(
        user="preferred_username",
        tenant="https://corp.example/tenant",
        scopes="realm_access.roles",
        scope_map={"ai-user": ("chat", "embeddings"), "ai-admin": ("admin:*",)},
        default_scopes=("models:read",),
        models="ai.models",
    )
    made = principal_of(
        issuer,
        parts(
            preferred_username="anna@corp.example",
            realm_access={"roles": ["ai-user", "offline_access", "*"]},
            ai={"models": ["llama3.2", "qwen*"]},
            **{"https://corp.example/tenant": "lab"},
        ),
    )
    assert (made.user, made.tenant) == ("corp/anna@corp.example", "lab")
    assert made.scopes == {"chat", "embeddings", "models:read"}
    assert made.models == ("llama3.2", "qwen*")


def test_without_a_map_the_values_are_scopes_but_never_wildcards() -> None:
    """A scope that an issuer lets users choose freely can't be everything."""
    made = principal_of(an_issuer(), parts(scope="chat openid models:read * admin:* Chat a:b:c"))
    assert made.scopes == {"chat", "openid", "models:read"}
    assert not made.may("admin:keys")


def test_what_is_not_in_the_token_is_not_given() -> None:
    """Without the claim there are the default scopes; without the models' claim there is no one."""
    assert principal_of(an_issuer(default_scopes=("chat",)), parts()).scopes == {"chat"}
    assert principal_of(an_issuer(tenant="org", default_tenant="x"), parts()).tenant == "x"
    with pytest.raises(InvalidToken, match="the claim 'models'"):
        principal_of(an_issuer(models="models"), parts())
    assert principal_of(an_issuer(models="models"), parts(models=[])).models == ()


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {"sub": ""}),
        ({}, {"sub": "a b"}),
        ({}, {"sub": "a/b"}),
        ({}, {"sub": "a\nb"}),
        ({}, {"sub": "a\u202eb"}),
        ({}, {"sub": "x" * 129}),
        ({"user": "email"}, {}),
        ({"user": "email"}, {"email": 7}),
        ({"tenant": "org"}, {"org": ["a"]}),
        ({"tenant": "org"}, {"org": ""}),
        ({}, {"scope": 7}),
        ({}, {"scope": {"chat": True}}),
        ({}, {"scope": ["chat", 7]}),
        ({}, {"scope": "a " * 101}),
        ({"models": "m"}, {"m": [["x"]]}),
    ],
)
def test_a_claim_of_the_wrong_kind_is_refused(
    settings: dict[str, Any], changes: dict[str, Any]
) -> None:
    """A name that could be another one's, or a list that is none, is refused by its claim."""
    with pytest.raises(InvalidToken, match="has no good value in the claim"):
        principal_of(an_issuer(**settings), parts(**changes))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.characters(codec="utf-8")),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), each),
    max_leaves=6,
)


@given(JSON, st.text("ab.", min_size=1, max_size=5))
def test_no_claim_gives_more_than_the_settings_have(value: Any, path: str) -> None:
    """Whatever an issuer sends, only mapped scopes come out, and the user stays the issuer's."""
    issuer = an_issuer(
        scopes=path, scope_map={"a": ("chat",)}, user=path, tenant=path, display_name=path
    )
    try:
        made = principal_of(issuer, parts()._replace(claims={"a": value}))
    except InvalidToken:
        return
    assert made.scopes <= {"chat"}
    assert made.id.startswith("user:corp/")
    assert made.id.isprintable()


def test_rules_come_from_the_settings() -> None:
    """Types are compared without their prefix and case."""
    rules = rules_of(an_issuer(types=("application/at+JWT", "")), 30)
    assert rules.types == {"at+jwt", ""}
    assert (rules.leeway, rules.max_age, rules.audiences) == (30, 3600, ("localai",))
    assert rules_of(an_issuer(audience=("a", "b")), 0).audiences == ("a", "b")

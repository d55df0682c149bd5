"""Which entries a query means, and whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import InvalidRequest, NotFound, Principal
from plugins.cache.removal import Removal, removal
from tests.plugins.cache.filled import HEADS

ROOT = Principal(id="static:root", scopes=frozenset({"*"}))
TEAM = Principal(id="static:team", scopes=frozenset({"admin:*"}), tenant="team")
NOBODYS = Principal(id="static:none", scopes=frozenset({"admin:cache"}), tenant="")

MEANT = [
    ({"all": "true"}, "12345"),
    ({"prefix": "chat:"}, "123"),
    ({"prefix": "embed:"}, "4"),
    ({"prefix": "models:"}, "5"),
    ({"prefix": "chat:2"}, "2"),
    ({"model": "llama3.2"}, "134"),
    ({"model": "LLAMA3.2:latest"}, "134"),
    ({"model": "registry.ollama.ai/library/llama3.2"}, "134"),
    ({"model": "llama3.2:1b"}, "2"),
    ({"model": "llama"}, ""),
    ({"tag": "news"}, "12"),
    ({"tag": "old"}, "1"),
    ({"tag": "new"}, ""),
    ({"tenant": "team"}, "23"),
    ({"tenant": "nobody"}, ""),
    ({"key": "chat:3"}, "3"),
    ({"key": "key:0123456789"}, "14"),
    ({"key": "user:anna"}, "2"),
    ({"key": "anonymous"}, "3"),
    ({"key": "chat:33"}, ""),
    ({"model": "llama3.2", "tenant": "default", "prefix": "embed:"}, "4"),
    ({"tag": "news", "model": "llama3.2", "tenant": "default", "key": "chat:1"}, "1"),
    ({"tag": "old", "tenant": "team"}, ""),
]


def meant(wanted: Removal) -> str:
    """Return the last characters of the keys of the entries that are to be removed."""
    return "".join(
        head.key[-1] for head in HEADS if head.key.startswith(wanted.prefix) and wanted.wants(head)
    )


@pytest.mark.parametrize(("query", "numbers"), MEANT, ids=str)
def test_all_that_is_said_must_match(query: dict[str, str], numbers: str) -> None:
    """An entry is removed when everything that is said is true of it."""
    assert meant(removal(query.items(), ROOT)) == numbers


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "prefix": st.sampled_from(["chat:", "embed:4", "c"]),
            "model": st.sampled_from(["llama3.2", "llama3.2:1b"]),
            "tag": st.sampled_from(["news", "old"]),
            "tenant": st.sampled_from(["team", "default"]),
            "key": st.sampled_from(["chat:1", "user:anna", "anonymous"]),
        },
    ).filter(bool)
)
def test_saying_more_means_less(query: dict[str, str]) -> None:
    """What several parameters mean together is what each of them means."""
    each = [set(meant(removal([pair], ROOT))) for pair in query.items()]
    assert set(meant(removal(query.items(), ROOT))) == set.intersection(*each)


@pytest.mark.parametrize(("query", "numbers"), MEANT, ids=str)
def test_an_administrator_of_a_tenant_means_its_entries(
    query: dict[str, str], numbers: str
) -> None:
    """Without the scope `*`, only entries of one's own tenant are meant; another tenant does not
    exist."""
    if query.get("tenant", "team") != "team":
        with pytest.raises(NotFound, match="there is no such tenant here"):
            removal(query.items(), TEAM)
    else:
        assert meant(removal(query.items(), TEAM)) == "".join(
            number for number in numbers if number in "23"
        )


def test_a_tenant_without_a_name_is_one_too() -> None:
    """An administrator whose tenant has an empty name removes no entries of others."""
    assert meant(removal([("all", "true")], NOBODYS)) == "5"


def test_a_scope_that_the_maker_lacks_does_not_count() -> None:
    """A key with every scope, made by one of a tenant, removes that tenant's entries only."""
    child = Principal(id="key:x", scopes=frozenset({"*"}), tenant="team", parent=TEAM)
    assert meant(removal([("all", "true")], child)) == "23"


WRONG = [
    ([], "say what to remove: prefix, model, tag, tenant, key"),
    ([("all", "yes")], "all: give all=true, or leave it out"),
    ([("all", "")], "all: expected 1 to 256 characters"),
    ([("all", "true"), ("tag", "news")], "give all=true or tag, not both"),
    ([("prefix", "")], "prefix: expected 1 to 256 characters"),
    ([("model", "x" * 257)], "model: expected 1 to 256 characters"),
    ([("tag", "a"), ("tag", "a")], "tag: given twice"),
    ([("modl", "llama3.2")], "unknown parameter 'modl'; did you mean 'model'?"),
    ([("tags", "news")], "unknown parameter 'tags'; did you mean 'tag'?"),
    ([("limit", "1")], "unknown parameter 'limit'; known are: prefix, model, tag"),
    ([("key", "0123456789")], "key: give an entry's key such as 'chat:…'"),
]


@pytest.mark.parametrize(("query", "message"), WRONG, ids=str)
def test_what_is_malformed_is_refused(query: list[tuple[str, str]], message: str) -> None:
    """A query that could be meant otherwise removes nothing; the error says what to give."""
    with pytest.raises(InvalidRequest) as error:
        removal(query, ROOT)
    assert message in str(error.value)

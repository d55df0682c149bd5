"""Records, and those who made them."""

from collections.abc import Mapping
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Unauthenticated
from plugins.auth.keys.record import Key
from plugins.auth.lineage import MAX_DEPTH, depth, stand
from plugins.auth.records import Record
from tests.plugins.auth.keys.support import a_key

NOW = 100.0


def a_line(*changes: Mapping[str, object]) -> tuple[list[Key], dict[str, Record]]:
    """Return keys, the first made by nobody and each other one by that before it."""
    keys: list[Key] = []
    for number, fields in enumerate(changes):
        made = {"parent": keys[-1].id} if keys else {}
        keys.append(a_key(f"{number:010}", **{**made, **fields}))
    return keys, {key.id: key for key in keys}


@given(
    st.lists(
        st.tuples(
            st.none() | st.sampled_from([50.0, 100.0, 101.0, 200.0]),
            st.none() | st.just(60.0),
            st.sets(st.sampled_from(["chat", "embeddings", "*"])),
        ),
        min_size=1,
        max_size=MAX_DEPTH + 2,
    )
)
def test_a_record_stands_while_all_its_makers_do(
    line: list[tuple[float | None, float | None, set[str]]],
) -> None:
    """It stands if nobody in a short line has ended, until the first of them will, for their
    common scopes."""
    keys, records = a_line(
        *(
            {"expires_at": expires, "revoked_at": revoked, "scopes": tuple(scopes)}
            for expires, revoked, scopes in line
        )
    )
    ends = [inf if expires is None else expires for expires, _, _ in line]
    stands = (
        min(ends) > NOW
        and all(revoked is None for _, revoked, _ in line)
        and len(line) <= MAX_DEPTH
    )
    if not stands:
        with pytest.raises(Unauthenticated, match="ask for a new one"):
            stand(keys[-1], records, 1, NOW)
        return
    standing = stand(keys[-1], records, 1, NOW)
    assert standing.until == min(ends)
    assert [each.id for each in standing.principal.lineage()] == [key.id for key in keys[::-1]]
    assert depth(standing.principal) == len(keys)
    for scope in ("chat", "embeddings", "admin:keys"):
        held = all({scope, "*"} & scopes for _, _, scopes in line)
        assert standing.principal.may(scope) is held


def test_what_was_worked_out_is_kept_for_its_epoch() -> None:
    """Makers are shared by all that they made, until something changes."""
    (maker, one), records = a_line({}, {})
    other = records["other"] = a_key("other", parent=maker.id)
    first = stand(one, records, 1, NOW)
    assert stand(other, records, 1, NOW).principal.parent is first.principal.parent
    assert stand(one, records, 1, NOW) is first
    assert stand(one, records, 2, NOW) is not first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"revoked_at": 1.0}], "this key was revoked: ask for a new one"),
        ([{"expires_at": 100.0}], "this key expired on 1970-01-01: ask for a new one"),
        ([{"revoked_at": 1.0}, {}], "this key was made by a key that was revoked: ask for"),
        ([{"expires_at": 9.0}, {}, {}], "this key was made by a key that expired on 1970-01-01:"),
        ([{"parent": "key:nobody"}], "this key was made by one that is gone: ask"),
        ([{"parent": "key:nobody"}, {}], "was made by a key that was made by one that is gone:"),
        ([{"parent": "key:0000000000"}], f"has more than {MAX_DEPTH - 1} makers"),
        ([{"parent": "key:0000000001"}, {}], f"has more than {MAX_DEPTH - 1} makers"),
    ],
)
def test_the_refusal_says_who_has_ended(changes: list[dict[str, object]], message: str) -> None:
    """The message tells whether it is the key itself or a maker, and how it ended; a circle of
    makers, which only a hand in the database can make, is refused too."""
    keys, records = a_line(*changes)
    with pytest.raises(Unauthenticated) as caught:
        stand(keys[-1], records, 1, NOW)
    assert message in caught.value.message

"""Whom a request is for."""

from typing import Any

import pytest

from localai import UNCLAIMED, Principal
from plugins.routing.experiments.identity import identity
from tests.plugins.support import a_call, connecting

KEY = Principal(id="key:1", user="anna", tenant="team")
NAMED = {"connection": connecting(x_user_id="bob")}


@pytest.mark.parametrize(
    ("sticky", "changes", "expected"),
    [
        ("user", {"principal": KEY, "user": "carl", **NAMED}, "team\0bob"),
        ("user", {"principal": KEY, "user": "carl", "connection": connecting()}, "team\0carl"),
        ("user", {"principal": KEY}, "team\0anna"),
        ("user", {"principal": Principal(id="key:2")}, "default\0key:2"),
        ("user", {"principal": UNCLAIMED, **NAMED}, "default\0bob"),
        ("user", {"principal": UNCLAIMED}, None),
        ("principal", {"principal": KEY, "user": "carl", **NAMED}, "team\0anna"),
        ("principal", {"principal": UNCLAIMED, **NAMED}, None),
        ("none", {"principal": KEY, "user": "carl", **NAMED}, None),
    ],
)
def test_the_first_that_is_known_says_who(
    sticky: Any, changes: dict[str, Any], expected: str | None
) -> None:
    """The header, OpenAI's field, the person behind the key, the key; else nobody."""
    assert identity(a_call(**changes), sticky) == expected

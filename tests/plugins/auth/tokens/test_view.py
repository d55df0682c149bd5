"""How users are shown."""

import msgspec

from localai import Principal
from plugins.auth.tokens.view import me, view
from tests.plugins.auth.tokens.test_user import row


def test_a_user_is_shown_without_secrets() -> None:
    """All that was given is there, moments are texts, and neither hash nor stamp is."""
    shown = msgspec.json.encode(view(row(disabled_at=86_400.4)))
    assert b"canary" not in shown
    assert b"s1" not in shown
    assert msgspec.json.decode(shown) == {
        "name": "anna",
        "full_name": "Anna A.",
        "email": "anna@example.org",
        "tenant": "lab",
        "disabled": True,
        "scopes": ["models:read", "chat"],
        "models": ["llama*"],
        "tools": None,
        "limits": {"requests": "60/minute"},
        "budgets": [{"amount": 5.0, "unit": "wh", "period": "day"}],
        "created_at": "1970-01-01T00:00:10Z",
        "disabled_at": "1970-01-02T00:00:00Z",
    }


def test_callers_see_themselves() -> None:
    """Scopes come in one order, and nothing of who made a key."""
    caller = Principal(
        id="key:a", name="n", user="u", scopes=frozenset({"b", "a"}), parent=Principal(id="x")
    )
    shown = msgspec.json.decode(msgspec.json.encode(me(caller)))
    assert shown["id"] == "key:a"
    assert shown["scopes"] == ["a", "b"]
    assert "parent" not in shown

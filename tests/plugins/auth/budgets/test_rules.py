"""Whose budgets count."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Budget, Principal
from plugins.auth.budgets.rules import Account, Rule, accounts_of, plain

DAY = Budget(amount=1000, unit="tokens", period="day")
MONTH = Budget(amount=20, unit="wh", period="month")
NOON = 12 * 3600.0


def test_a_caller_without_a_budget_has_none() -> None:
    """Neither a principal without budgets nor one that no rule names is booked on any."""
    rules = [Rule(per="tenant", name="acme", amount=1, unit="tokens", period="day")]
    assert accounts_of(Principal(id="key:a"), rules) == ()


def test_all_who_stand_behind_a_key_pay() -> None:
    """A call counts for its key, the key that made it, and the user who made that."""
    anna = Principal(id="user:anna", budgets=(MONTH,))
    maker = Principal(id="key:b", parent=anna)
    key = Principal(id="key:c", budgets=(DAY,), parent=maker)
    assert accounts_of(key, ()) == (
        Account("key:c", "tokens", "day", 1000, "your key"),
        Account("user:anna", "wh", "month", 20, "the key that made yours"),
    )


@pytest.mark.parametrize(
    ("per", "name", "subject"),
    [
        ("tenant", "*", "tenant acme"),
        ("tenant", "ac*", "tenant acme"),
        ("tenant", "other", ""),
        ("user", "anna", "user anna"),
        ("user", "bert", ""),
        ("key", "*", "key:c"),
        ("key", "laptop", "key:c"),
        ("key", "key:c", "key:c"),
        ("key", "phone", ""),
    ],
)
def test_a_rule_is_for_those_it_names(per: str, name: str, subject: str) -> None:
    """Tenants and users share one budget each; keys have their own, by name or id."""
    rule = msgspec.convert(
        {"per": per, "name": name, "amount": 5, "unit": "money", "period": "hour"}, Rule
    )
    caller = Principal(id="key:c", name="laptop", user="anna", tenant="acme")
    found = accounts_of(caller, [rule])
    assert [account.subject for account in found] == ([subject] if subject else [])
    assert all(account.owner == f"your {per}" for account in found)


def test_a_user_that_is_not_known_shares_no_budget() -> None:
    """A rule for every user is not for keys without one."""
    rule = Rule(per="user", amount=5, unit="money", period="hour")
    assert accounts_of(Principal(id="key:c"), [rule]) == ()


def test_of_two_equal_budgets_the_smaller_counts() -> None:
    """The same unit and period of the same key is booked once."""
    rule = Rule(per="key", amount=700, unit="tokens", period="day")
    key = Principal(id="key:c", budgets=(DAY, DAY.replace(amount=500)))
    (account,) = accounts_of(key, [rule])
    assert account.limit == 500


def test_a_spent_budget_says_when_it_starts_again() -> None:
    """The error names the budget and the wait, and that trying before is in vain."""
    error = Account("key:c", "tokens", "day", 100_000, "your key").spent(NOON)
    assert error.message == (
        "the budget of 100000 tokens per day for your key is used up: it starts again in 12 h 0 min"
    )
    assert error.headers()["retry-after"] == "43200"


def test_a_request_that_does_not_fit_says_what_is_left() -> None:
    """The error names what is needed and what is left."""
    error = Account("tenant a", "gpu_seconds", "hour", 600, "your tenant").too_small(90, 2.25, 3000)
    assert error.message == (
        "this request needs about 90 GPU-seconds, and the budget of 600 GPU-seconds per hour for "
        "your tenant has 2.25 left: ask for less, or wait 10 min"
    )


@given(st.floats(0, 1e12))
def test_amounts_are_written_plainly(amount: float) -> None:
    """No exponent, no useless zeros, right to half a hundredth, below one to a millionth."""
    text = plain(amount)
    assert set(text) <= set("0123456789.")
    assert "." not in text or text[-1] not in "0."
    assert float(text) == pytest.approx(amount, abs=0.0051 if amount >= 1 else 1e-6)


def test_what_the_router_itself_asks_is_on_no_budget() -> None:
    """Neither the caller that it acts for, nor their user and tenant, pay for it."""
    caller = Principal(id="key:a", user="anna", tenant="acme", budgets=(DAY,))
    rules = [Rule(per=per, amount=1, unit="tokens", period="day") for per in ("tenant", "user")]
    assert len(accounts_of(caller, rules)) == 3
    assert accounts_of(caller.on_behalf(), rules) == ()

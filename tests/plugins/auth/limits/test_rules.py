"""Rules of the file, and what they count of whom."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from localai import Call, Connection, Limits, Principal, SettingsError
from plugins.auth.limits.rules import LONG_NAME, Rule, Rules, rate
from tests.plugins.support import a_call, connecting

KEY = Principal(id="key:abc", name="bot", user="anna", tenant="lab", scopes=frozenset({"chat"}))
OWNER = Principal(id="anonymous", name="anonymous", scopes=frozenset({"*"}))
STRANGER = Principal(id="anonymous", name="anonymous", scopes=frozenset({"chat"}))
CHAT = Rule(kind="chat", requests="60/minute")
EMBEDDINGS = Rule(kind="embeddings", requests="120/minute")


def counted(call: Call, *rules: Rule) -> list[tuple[str, str]]:
    """Return the limits of a call: whose and how much."""
    demand = Rules(rules).of(call)
    return [(each.whose, f"{each.rate.tail} {each.unit}") for each in demand.charges] + [
        (each.whose, f"{each.most} at a time") for each in demand.slots
    ]


def by(principal: Principal, client: str = "192.0.2.1", **changes: Any) -> Call:
    """Return a call of somebody from somewhere."""
    return a_call(principal=principal, connection=connecting(client), **changes)


@pytest.mark.parametrize(
    ("text", "amount", "seconds", "period"),
    [
        ("60/minute", 60, 60, "minute"),
        ("1000/day", 1000, 86_400, "day"),
        ("10 per 5 minutes", 10, 300, "5 minutes"),
        (" 2 per second ", 2, 1, "second"),
    ],
)
def test_rates_are_read_as_people_write_them(
    text: str, amount: int, seconds: int, period: str
) -> None:
    """A number, and a period or several."""
    assert rate(text)[:3] == (amount, seconds, period)


@pytest.mark.parametrize(
    "text",
    ["", "60", "60/minuet", "/minute", "0/minute", "-1/minute", "1/second; 5/minute", "60/minute x",
     "1000000000001/day", "9" * 5000 + "/day", "1/2 years", "1.5/second"],
)  # fmt: skip
def test_a_wrong_rate_is_quoted_beside_a_right_one(text: str) -> None:
    """The message has the text, and how to write it; two rates in one are not half read."""
    with pytest.raises(SettingsError, match="60/minute, 1000/day") as caught:
        rate(text)
    assert str(caught.value).startswith(f"'{text[:64]}' is not one rate")


@given(
    st.integers(1, 10**6),
    st.integers(1, 50),
    st.sampled_from(["second", "minute", "hour", "day"]),
    st.text(),
)
def test_keys_are_those_of_the_library(amount: int, many: int, unit: str, name: str) -> None:
    """A counter's key is the one that `limits` makes, so that its own tools find it."""
    text = f"{amount} per {many} {unit}"
    if rate_seconds(text) <= 366 * 86_400:
        assert rate(text).key("scope", name) == parse(text).key_for("scope", name)


def rate_seconds(text: str) -> int:
    """Return the seconds of a rate's period."""
    return parse(text).get_expiry()


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("chat", ["60/1/minute requests"]),
        ("generate", ["60/1/minute requests"]),
        ("embed", ["120/1/minute requests"]),
    ],
)
def test_each_kind_has_its_rules(kind: str, limits: list[str]) -> None:
    """Chats and texts to complete are one kind, embeddings another."""
    call = by(KEY, kind=kind, prompt="x", inputs=("x",))
    assert [limit for _, limit in counted(call, CHAT, EMBEDDINGS)] == limits


def test_each_rule_counts_its_subject() -> None:
    """Keys, users, tenants and addresses are counted each by itself."""
    rules = [Rule(per=per, kind="chat", requests="9/hour") for per in ("key", "user", "tenant")]
    rules.append(Rule(per="address", kind="chat", requests="9/hour"))
    keys = [charge.key for charge in Rules(rules).of(by(KEY)).charges]
    assert [key.split("/")[2] for key in keys] == ["key:abc", "anna", "lab", "192.0.2.1"]
    assert len(set(keys)) == 4
    assert [whose for whose, _ in counted(by(KEY), *rules)] == [
        "your key",
        "your user",
        "your tenant",
        "your address",
    ]


def test_a_rule_may_limit_three_things() -> None:
    """Requests, tokens and answers at a time are counted apart."""
    rule = Rule(requests="60/minute", tokens="5000/minute", concurrent=4)
    assert counted(by(KEY), rule) == [
        ("your key", "60/1/minute requests"),
        ("your key", "5000/1/minute tokens"),
        ("your key", "4 at a time"),
    ]


def test_a_rule_without_a_subject_does_not_apply() -> None:
    """Who has no user is not counted per user; a plugin's own call has no address."""
    user = Rule(per="user", requests="9/hour")
    assert counted(by(KEY.replace(user="")), user) == []
    address = Rule(per="address", kind="chat", requests="9/hour")
    assert counted(a_call(principal=KEY), address) == []


@pytest.mark.parametrize(
    ("per", "name", "applies"),
    [
        ("key", "bot", True),
        ("key", "b*", True),
        ("key", "key:abc", True),
        ("key", "other", False),
        ("user", "anna", True),
        ("user", "bob*", False),
        ("tenant", "lab", True),
        ("tenant", "l", False),
        ("address", "192.0.2.*", True),
        ("address", "10.*", False),
    ],
)
def test_a_name_picks_subjects(per: Any, name: str, applies: bool) -> None:
    """A pattern picks keys by name or id, and the others by name or address."""
    rule = Rule(per=per, kind="chat", name=name, requests="9/hour")
    assert bool(counted(by(KEY), rule)) is applies


def test_who_owns_the_machine_is_not_limited() -> None:
    """Anonymous callers that may do everything are exempt from limits per key, and only those."""
    assert counted(by(OWNER, "127.0.0.1"), CHAT) == []
    assert counted(by(OWNER), Rule(per="tenant", requests="9/hour")) != []


def test_strangers_are_counted_by_address() -> None:
    """Without a key, the address stands for it, in a storage of its own."""
    (charge,) = Rules([CHAT]).of(by(STRANGER, "2001:db8::1")).charges
    (other,) = Rules([CHAT]).of(by(STRANGER, "2001:db8::2")).charges
    assert (charge.whose, charge.is_address) == ("your address", True)
    assert charge == other
    (charge,) = Rules([CHAT]).of(a_call(principal=STRANGER)).charges
    assert charge.whose == "callers without a key"


def test_own_limits_take_the_place_of_the_rules() -> None:
    """Each measure that a key has of its own replaces the rules' per key, and nothing else."""
    own = KEY.replace(limits=Limits(requests="5/second", concurrent=2))
    rules = (
        Rule(kind="chat", requests="60/minute", tokens="9/day", concurrent=8),
        Rule(per="tenant", requests="7/day"),
    )
    assert counted(by(own), *rules) == [
        ("your key", "5/1/second requests"),
        ("your key", "9/1/day tokens"),
        ("your tenant", "7/1/day requests"),
        ("your key", "2 at a time"),
    ]


def test_own_limits_are_one_for_all_kinds() -> None:
    """Chats and embeddings count towards the same own limit."""
    own = KEY.replace(limits=Limits(requests="5/second"))
    rules = Rules([CHAT, EMBEDDINGS])
    chat, embed = (rules.of(by(own, kind=kind, inputs=("x",))) for kind in ("chat", "embed"))
    assert [each.key for each in chat.charges] == [each.key for each in embed.charges]


def test_a_key_cannot_multiply_its_limits_by_making_others() -> None:
    """Whoever made a key is charged for it too, if they have limits; so are those before."""
    root = Principal(id="key:root", limits=Limits(requests="9/minute", tokens="99/day"))
    middle = Principal(id="key:mid", parent=root)
    leaves = [Principal(id=f"key:{name}", parent=middle) for name in "ab"]
    rules = Rules([CHAT])
    one, two = ([each.key for each in rules.of(by(leaf)).charges] for leaf in leaves)
    assert one[:2] == two[:2]
    assert one[2] != two[2]
    assert counted(by(leaves[0]), CHAT) == [
        ("the key that yours comes from", "9/1/minute requests"),
        ("the key that yours comes from", "99/1/day tokens"),
        ("your key", "60/1/minute requests"),
    ]


def test_a_caller_with_a_token_has_an_account() -> None:
    """Messages do not speak of a key to who has none."""
    assert counted(by(Principal(id="user:anna", user="anna")), CHAT)[0][0] == "your account"


def test_own_limits_that_cannot_be_read_let_nobody_in() -> None:
    """A limit that somebody has broken in the database is no free pass."""
    with pytest.raises(SettingsError):
        Rules([CHAT]).of(by(KEY.replace(limits=Limits(requests="many"))))


def test_loading_a_model_is_a_request_and_no_more() -> None:
    """It takes neither tokens nor a slot."""
    rule = Rule(requests="60/minute", tokens="5000/minute", concurrent=4)
    assert counted(by(KEY, messages=()), rule) == [("your key", "60/1/minute requests")]


def test_every_request_of_an_address_counts_at_the_door() -> None:
    """A rule per address for any kind counts HTTP requests, but tokens where they are known."""
    everything = Rule(per="address", requests="100/minute", tokens="9/day", name="10.*")
    rules = Rules([everything, Rule(per="address", kind="chat", requests="5/minute")])
    assert rules.guards_the_door
    (charge,) = rules.at_the_door("10.0.0.1")
    assert (charge.rate.amount, charge.is_address) == (100, True)
    assert rules.at_the_door("192.0.2.1") == []
    in_chain = [each.rate.tail for each in rules.of(by(KEY, "10.0.0.1")).charges]
    assert in_chain == ["9/1/day", "5/1/minute"]
    assert not Rules([CHAT]).guards_the_door


def test_two_equal_rules_are_one() -> None:
    """What is written twice is not counted twice."""
    assert len(Rules([CHAT, CHAT]).of(by(KEY)).charges) == 1


def test_rules_of_different_names_have_different_counters() -> None:
    """Who is picked by two rules does not pay twice into one counter."""
    rules = Rules([Rule(requests="9/day"), Rule(requests="9/day", name="b*"), CHAT])
    keys = [charge.key for charge in rules.of(by(KEY)).charges]
    assert len(keys) == len(set(keys)) == 3


def test_a_rule_that_limits_nothing_is_a_mistake() -> None:
    """The message shows what is missing."""
    with pytest.raises(SettingsError, match='requests = "60/minute"'):
        Rules([Rule(per="tenant")])
    with pytest.raises(SettingsError, match="'fast' is not one rate"):
        Rules([Rule(tokens="fast")])


def test_names_may_be_long() -> None:
    """A counter's key stays small, and two long names that differ at the end are two."""
    rules = Rules([Rule(per="user", requests="9/day", name="u*")])
    users = ["u" * 10_000 + end for end in "ab"]
    keys = [rules.of(by(KEY.replace(user=user))).charges[0].key for user in users]
    assert keys[0] != keys[1]
    assert all(len(key) < 2 * LONG_NAME for key in keys)


def test_what_is_remembered_of_a_caller_is_what_would_be_found() -> None:
    """The memory of known callers tells two apart by all that rules look at."""
    rules = Rules([Rule(per=per, requests="9/day") for per in ("key", "user", "tenant")])
    changes: list[dict[str, Any]] = [{}, {"limits": Limits(requests="7/day")}]
    changes += [{name: "x"} for name in ("id", "user", "tenant", "name")]
    for change in changes:
        call = by(KEY.replace(**change))
        for _ in range(2):
            found = rules.of(call).charges
            assert found == rules._of("chat", call.principal, None).charges


def test_a_connection_from_a_unix_socket_is_counted() -> None:
    """Callers without an address share one counter."""
    connection = Connection({"headers": [], "client": None})
    rule = Rule(per="address", kind="chat", requests="9/hour")
    (charge,) = Rules([rule]).of(a_call(connection=connection)).charges
    assert "/unix/" in charge.key


def test_what_the_router_itself_asks_is_not_counted() -> None:
    """Neither the caller that it acts for, nor their user and tenant, pay for it."""
    rules = [
        Rule(per=per, kind="any", requests="1/minute", tokens="1/minute", concurrent=1)
        for per in ("key", "user", "tenant")
    ]
    assert counted(by(KEY), *rules)
    assert counted(by(KEY.on_behalf()), *rules) == []

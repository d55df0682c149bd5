"""Which host knows the beginning of a conversation."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localai import Call, Message, Principal
from plugins.routing.hosts import affinity as module
from plugins.routing.hosts.affinity import Affinity
from tests.pace import within
from tests.plugins.support import a_call

SYSTEM = ("system", "Be kind.")
TURNS = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool"]), st.text(max_size=5)),
    min_size=1,
    max_size=6,
)


def chat(*turns: tuple[str, str], **more: Any) -> Call:
    """Return a call with these messages."""
    messages = tuple(Message(role=role, content=text) for role, text in turns)
    return a_call(messages=messages, **more)


def affinity(most: int = 100, seconds: float = 60) -> Affinity:
    """Return an empty one."""
    return Affinity(most, seconds)


def test_the_next_turn_is_known() -> None:
    """A conversation that goes on finds the host that has its beginning; another one does not."""
    known = affinity()
    begun = (SYSTEM, ("user", "Hello"))
    known.remember(chat(*begun), "a")
    assert known.find(chat(*begun)) == "a"
    assert known.find(chat(*begun, ("assistant", "Hi"), ("user", "How?"))) == "a"
    assert known.find(chat(SYSTEM, ("user", "Bye"))) is None
    assert known.find(chat(("user", "Hello"))) is None


def test_branches_go_where_their_longest_beginning_is() -> None:
    """Of two hosts that know a part each, the one that knows more is found."""
    known = affinity()
    begun = (("user", "1"), ("assistant", "a"), ("user", "2"))
    known.remember(chat(*begun[:1]), "a")
    known.remember(chat(*begun), "b")
    known.remember(chat(*begun[:2], ("user", "other")), "c")
    assert known.find(chat(*begun, ("assistant", "b"), ("user", "3"))) == "b"
    assert known.find(chat(*begun[:2], ("user", "other"), ("assistant", "x"), ("user", "y"))) == "c"
    assert known.find(chat(*begun[:2], ("user", "third"))) == "c"


def test_callers_and_models_have_their_own() -> None:
    """Neither another caller, nor another tenant, nor another model finds it."""
    known = affinity()
    known.remember(chat(("user", "Hello")), "a")
    others: list[dict[str, Any]] = [
        {"principal": Principal(id="other")},
        {"principal": Principal(id="someone", tenant="other")},
        {"model": "llama3.2:1b"},
    ]
    for changes in others:
        assert known.find(chat(("user", "Hello"), **changes)) is None
    assert known.find(chat(("user", "Hello"), model="Llama3.2:latest")) == "a"


def test_prompts_are_known_and_embeddings_are_not() -> None:
    """A prompt is looked up by its text; texts that are embedded have no beginning."""
    known = affinity()
    prompt = a_call(kind="generate", messages=(), prompt="Once", system="Tell")
    embed = a_call(kind="embed", messages=(), inputs=("a",))
    for call in (prompt, embed):
        known.remember(call, "a")
    assert (known.find(prompt), known.find(embed)) == ("a", None)
    assert known.find(prompt.replace(prompt="Twice")) is None
    assert len(known) == 1


def test_it_is_forgotten_in_time() -> None:
    """After its time a conversation is as if it had never been."""
    known = affinity(seconds=-1)
    known.remember(chat(("user", "Hello")), "a")
    assert known.find(chat(("user", "Hello"))) is None


def test_it_is_bounded() -> None:
    """Above the bound the oldest goes; one that goes on is not old."""
    known = affinity(most=4)
    for text in "abc":
        known.remember(chat(("user", text), ("assistant", "x"), ("user", text)), text)
        known.remember(chat(("user", "a"), ("assistant", "x"), ("user", "a")), "a")
    assert len(known) == 4
    assert known.find(chat(("user", "a"))) == "a"
    assert known.find(chat(("user", "b"))) is None
    nothing = affinity(most=0)
    nothing.remember(chat(("user", "a")), "a")
    assert len(nothing) == 0


@given(TURNS, TURNS, st.lists(st.text(min_size=1, max_size=3), max_size=2))
def test_what_goes_on_is_found(
    begun: list[tuple[str, str]], more: list[tuple[str, str]], images: list[str]
) -> None:
    """Whatever was said, a request that adds to it finds the host, if it has a turn of the user."""
    known = affinity()
    begun = [*begun, ("user", "".join(images))]
    known.remember(chat(*begun), "a")
    turns = sum(role in module.USER for role, _ in more)
    assert turns < module.MOST_TURNS
    assert known.find(chat(*begun, *more)) == "a"


def test_long_conversations_cost_little() -> None:
    """A hundred turns of ten thousand characters are looked up in a millisecond."""
    known = affinity()
    turns = [("user" if number % 2 else "assistant", f"{number} " * 3000) for number in range(100)]
    call = chat(*turns)
    known.remember(call, "a")
    within(0.001, lambda: known.find(call))

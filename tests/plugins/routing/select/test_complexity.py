"""How hard requests are, by what they look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Call, Message
from plugins.routing.select.complexity import WEIGHTS, asked, complexity
from plugins.routing.select.policy import Bounds
from tests.pace import within
from tests.plugins.support import a_call

BOUNDS = Bounds(moderate=0.3, complex=0.6)


def asking(text: str, **more: object) -> Call:
    """Return a chat that asks one thing."""
    return a_call(messages=(Message(role="user", content=text),), **more)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("hi", "simple"),
        ("What is the capital of France?", "simple"),
        ("Translate 'good morning' to Spanish", "simple"),
        ("How do I boil an egg?", "simple"),
        ("Write an email to my boss asking for a day off", "simple"),
        ("Wie geht es dir? Was ist das und ist es gut", "simple"),
        ("今天天气怎么样", "moderate"),
        ("Write a Python function that reverses a string.", "moderate"),
        ("def f(x):\n  return x\n\nWhy does this raise Exception: foo?", "moderate"),
        ("What is the derivative of x^2 + 3x? And the limit of it?", "moderate"),
        ("Analyze the causes of the first world war", "complex"),
        ("Please COMPARE, in short: Rust and Go", "complex"),
        ("explain in detail how transformers work", "complex"),
        ("Evaluate this", "complex"),
        ("Vergleiche Rust und Go", "complex"),
        ("Comparez Rust et Go", "complex"),
        ("Compara Rust y Go", "complex"),
        ("Confronta Rust e Go", "complex"),
        ("Avalie esta proposta", "complex"),
        ("Vergelijk Rust en Go", "complex"),
        ("Porównaj Rust i Go", "complex"),
        ("Сравни Rust и Go", "complex"),
        ("请分析这段代码", "complex"),
        ("RustとGoを比較してください", "complex"),
        ("Rust와 Go를 비교해 줘", "complex"),
        ("Prove the theorem: if n^2 is even, n is even", "complex"),
    ],
)
def test_people_would_say_so_too(text: str, level: str) -> None:
    """Greetings and facts are simple, code and maths moderate, the indicator words complex."""
    assert BOUNDS.level(complexity(asking(text)).score) == level


SIMPLE = asking("What is it?")


@pytest.mark.parametrize(
    ("feature", "call"),
    [
        ("length", asking("word " * 500)),
        ("parts", asking("\n- one\n- two\n- three?")),
        ("tools", SIMPLE.replace(tools=({"function": {"name": "f"}},))),
        ("images", SIMPLE.replace(messages=(Message(role="user", content="x", images=("a",)),))),
        ("schema", SIMPLE.replace(format={"type": "object"})),
        ("thinking", SIMPLE.replace(think=True)),
        ("depth", SIMPLE.replace(messages=(Message(role="user", content="x"),) * 12)),
        (
            "context",
            SIMPLE.replace(
                messages=(
                    Message(role="system", content="x" * 9_000),
                    Message(role="user", content="x"),
                )
            ),
        ),
        ("language", asking("是什么")),
    ],
)
def test_each_feature_adds(feature: str, call: Call) -> None:
    """What a request has beyond its words makes it harder, by its weight at most."""
    found = complexity(call)
    assert 0 < found.features[feature] <= 1
    assert found.score > 0
    others = complexity(SIMPLE)
    assert found.score >= others.score


def test_the_last_question_counts() -> None:
    """A long conversation with a short last question is not as hard as its first message."""
    first = Message(role="user", content="Analyze this in depth")
    last = Message(role="user", content="thanks!")
    answer = Message(role="assistant", content="…")
    assert asked(a_call(messages=(first, answer, last))) == "thanks!"
    assert complexity(a_call(messages=(first, answer, last))).score < 0.3


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (a_call(kind="generate", messages=(), prompt="once"), "once"),
        (a_call(messages=(Message(role="system", content="s"),)), "s"),
        (a_call(messages=()), ""),
        (a_call(kind="embed", messages=(), inputs=("x",)), ""),
    ],
)
def test_the_text_that_asks(call: Call, text: str) -> None:
    """It is the user's last message, a prompt, or whatever there is."""
    assert asked(call) == text


messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=st.text(max_size=300),
)


@given(st.lists(messages, max_size=6), st.booleans())
def test_any_request_has_a_score(said: list[Message], thinks: bool) -> None:
    """The score is between 0 and 1, made of known features, and the same each time."""
    call = a_call(messages=tuple(said), think=thinks)
    found = complexity(call)
    assert 0 <= found.score <= 1
    assert found.features.keys() <= WEIGHTS.keys()
    assert all(0 < value <= 1 for value in found.features.values())
    assert complexity(call) == found


@pytest.mark.parametrize(
    "text",
    [
        "Please explain how the scheduler of Linux picks a task. " * 8,
        "lorem ipsum " * 10_000,
        "请分析这段代码。" * 10_000,
        "\n      " * 10_000,
        "def f(x):\n    return {x: y};\n" * 3_000,
        "- 1. ? " * 5_000,
    ],
    ids=["usual", "long", "chinese", "blank", "code", "list"],
)
def test_it_is_quick(text: str) -> None:
    """Whatever is sent, judging it takes at most 200 µs."""
    call = a_call(messages=(Message(role="user", content=text),) * 100)
    within(0.0002 * 3, lambda: [complexity(call) for _ in range(3)])

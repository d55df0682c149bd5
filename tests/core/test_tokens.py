"""Estimates of tokens."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tokens import ANSWER, MOST_RESERVED, answer_tokens, prompt_tokens
from localai import Message, Options
from tests.pace import within
from tests.plugins.support import a_call


def saying(*texts: str, **changes: Any) -> int:
    """Return the estimate for a conversation."""
    messages = tuple(Message(role="user", content=text) for text in texts)
    return prompt_tokens(a_call(messages=messages, **changes))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Hello", 1),
        ("The quick brown fox jumps over the lazy dog. " * 10, 117),
        ("x" * 400, 100),
        ("x" * 20_000, 5_000),
        ("word " * 4_000, 5_000),
        ("敏捷的棕色狐狸跳过懒狗。" * 10, 102),
        ("狐" * 20_000, 17_142),
        ("Die süße Füchsin läuft über die große Straße. " * 10, 151),
    ],
)
def test_words_and_long_words_are_weighed(text: str, tokens: int) -> None:
    """English is words x 1.3; long words and long texts are a quarter of their characters.

    Text beyond ASCII goes by its bytes.
    """
    assert saying(text) == tokens


def test_all_parts_of_a_call_count() -> None:
    """Messages, prompts, inputs and the context of an earlier answer are added up."""
    assert saying("one two three", "four five six") == int(6 * 1.3)
    generate = a_call(kind="generate", messages=(), prompt="a b", system="c d", context=(1, 2, 3))
    assert prompt_tokens(generate) == int(3 + 4 * 1.3)
    assert prompt_tokens(a_call(kind="embed", messages=(), inputs=("a b", "c"))) == int(3 * 1.3)


@given(st.lists(st.text(), max_size=5))
def test_an_estimate_is_never_negative_and_grows(texts: list[str]) -> None:
    """Another message never makes an estimate smaller."""
    assert 0 <= saying(*texts[:-1]) <= saying(*texts)


def test_a_huge_prompt_costs_no_time() -> None:
    """20 MB in one message or in thousands take less than a millisecond each thousand."""
    one = a_call(messages=(Message(role="user", content="word " * 4_000_000),))
    many = a_call(messages=(Message(role="user", content="word " * 1_999),) * 2_000)
    for call, limit in ((one, 0.001), (many, 0.005)):
        within(limit, partial(prompt_tokens, call))


@pytest.mark.parametrize(
    ("num_predict", "tokens"),
    [(None, ANSWER), (-1, ANSWER), (-2, ANSWER), (0, 0), (10, 10), (32_768, MOST_RESERVED)],
)
def test_an_answer_is_reserved_by_what_it_may_take(num_predict: int | None, tokens: int) -> None:
    """What the caller asks for is reserved up to a bound, and a default where nothing is said."""
    assert answer_tokens(a_call(options=Options(num_predict=num_predict))) == tokens


def test_an_embedding_has_no_answer() -> None:
    """Nothing is reserved for vectors."""
    assert answer_tokens(a_call(kind="embed")) == 0

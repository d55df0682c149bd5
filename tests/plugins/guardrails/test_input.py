"""Limits on what goes in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import ContextTooLong, GatewayError, InvalidRequest, Message, Options
from plugins.guardrails.input import TOKENS_PER_WORD, InputLimits
from tests.plugins.support import HELLO, Model, a_call, all_of

CONFIG = InputLimits.Config(
    max_messages=2, max_characters=20, max_total_tokens=13, max_new_tokens=50, max_images=2
)
LONG = "x" * 21


def user(content: str = "", **more: Any) -> Message:
    """Return a message."""
    return Message(role="user", content=content, **more)


async def refusal(**changes: Any) -> GatewayError | None:
    """Ask within the limits of `CONFIG`; return the refusal, or nothing when the model is asked."""
    model = Model(*HELLO)
    call = a_call(**changes)
    try:
        chunks = await all_of(InputLimits(CONFIG).around_inference(model.infer), call)
    except GatewayError as error:
        assert not model.calls
        return error
    assert chunks == list(HELLO)
    assert model.calls == [call]
    return None


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"messages": (user(LONG),)}, "messages[0].content"),
        ({"messages": (user("short"), user(LONG))}, "messages[1].content"),
        ({"messages": (user(thinking=LONG),)}, "messages[0].thinking"),
        ({"kind": "generate", "messages": (), "prompt": LONG}, "prompt"),
        ({"kind": "generate", "messages": (), "suffix": LONG}, "suffix"),
        ({"kind": "generate", "messages": (), "system": LONG}, "system"),
        ({"kind": "generate", "messages": (), "template": LONG}, "template"),
        ({"kind": "embed", "messages": (), "inputs": ("short", "short", LONG)}, "input[2]"),
    ],
)
async def test_a_text_that_is_too_long_is_refused_by_its_place(
    changes: dict[str, Any], place: str
) -> None:
    """The message names the text, its length and the limit; one character less goes through."""
    error = await refusal(**changes)
    assert isinstance(error, InvalidRequest)
    assert (error.status, error.param) == (400, place)
    assert error.message.startswith(f"{place} has 21 characters, more than the 20 allowed")
    assert LONG not in error.message


@pytest.mark.parametrize(
    ("changes", "param", "numbers"),
    [
        ({"messages": (user("a"),) * 3}, "messages", ("3 messages", "the 2 allowed")),
        (
            {"options": Options(num_predict=51)},
            "options.num_predict",
            ("51 new tokens", "the 50 allowed"),
        ),
        (
            {"options": Options(num_predict=51), "dialect": "openai"},
            "max_tokens",
            ("51 new tokens", "the 50 allowed"),
        ),
        ({"messages": (user(images=("a",) * 3),)}, None, ("3 images", "the 2 allowed")),
        (
            {"messages": (user(images=("a", "b")), user(images=("c",)))},
            None,
            ("3 images", "the 2 allowed"),
        ),
        ({"kind": "generate", "images": ("a",) * 3}, None, ("3 images", "the 2 allowed")),
    ],
)
async def test_too_much_is_refused_by_name(
    changes: dict[str, Any], param: str | None, numbers: tuple[str, str]
) -> None:
    """The message says what there is too much of, how much it is and how much may be."""
    error = await refusal(**changes)
    assert isinstance(error, InvalidRequest)
    assert error.param == param
    assert all(number in error.message for number in numbers)


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": (user("a b c d e f"), user("a b c d e"))},
        {"kind": "embed", "messages": (), "inputs": ("a b c",) * 4},
        {"kind": "generate", "messages": (), "prompt": "a", "context": (1,) * 13},
    ],
)
async def test_a_request_that_is_too_long_in_all_is_refused(changes: dict[str, Any]) -> None:
    """Texts that are short one by one may not be too long together, earlier context included."""
    error = await refusal(**changes)
    assert isinstance(error, ContextTooLong)
    assert "about 14 tokens" in error.message or "about 15 tokens" in error.message
    assert "the 13 allowed" in error.message
    assert error.code == "context_length_exceeded"


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": (user("x" * 20), user("x" * 20))},
        {"messages": (user("a b c d e"), user("a b c d e"))},
        {"messages": (user(images=("a",)), user(images=("b",)))},
        {"options": Options(num_predict=50)},
        {"kind": "generate", "messages": (), "prompt": "x" * 20},
        {"kind": "embed", "messages": (), "inputs": ("x" * 20,) * 10},
        {"kind": "embed", "messages": (), "inputs": ()},
        {"messages": ()},
    ],
)
async def test_what_is_just_within_the_limits_goes_through_unchanged(
    changes: dict[str, Any],
) -> None:
    """A limit is the largest number that is allowed."""
    assert await refusal(**changes) is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=4))
async def test_a_request_goes_through_whole_or_not_at_all(texts: list[str]) -> None:
    """Whatever is asked, the model sees all of it, or nothing when it is above a limit."""
    error = await refusal(messages=tuple(map(user, texts)))
    words = sum(len(text.split()) for text in texts)
    fits = (
        len(texts) <= 2
        and all(len(text) <= 20 for text in texts)
        and int(words * TOKENS_PER_WORD) <= 13
    )
    assert (error is None) == fits


async def test_an_answer_is_closed_with_its_caller() -> None:
    """Whoever leaves ends the model's answer too."""
    model = Model(*HELLO)
    chunks = InputLimits(CONFIG).around_inference(model.infer)(a_call())
    await anext(chunks)
    await chunks.aclose()
    assert model.closed == 1

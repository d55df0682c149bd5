"""Limits on what goes in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import (
    Call,
    ContextTooLong,
    Decision,
    Function,
    GatewayError,
    InvalidRequest,
    Message,
    Options,
    SettingsError,
    ToolCall,
)
from plugins.guardrails.input import BYTES_PER_TOKEN, TOKENS_PER_WORD, InputLimits
from tests.plugins.support import a_call

CONFIG = InputLimits.Config(
    max_messages=2,
    max_characters=20,
    max_total_tokens=13,
    max_new_tokens=50,
    max_images=2,
    max_tools=2,
)
LONG = "x" * 21
TOOL = {"type": "function", "function": {"name": "f"}}


def user(content: str = "", **more: Any) -> Message:
    """Return a message."""
    return Message(role="user", content=content, **more)


async def refusal(**changes: Any) -> GatewayError | None:
    """Ask within the limits of `CONFIG`; return the refusal, or nothing when the model is asked."""
    call = a_call(**changes)
    try:
        assert await InputLimits(CONFIG).before_inference(call) == call
    except GatewayError as error:
        return error
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
        ({"tools": (TOOL,) * 3}, "tools", ("3 tools", "the 2 allowed")),
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
        {"kind": "embed", "messages": (), "inputs": ("x" * 20,) * 5},
        {"kind": "embed", "messages": (), "inputs": ()},
        {"messages": ()},
    ],
)
async def test_what_is_just_within_the_limits_goes_through_unchanged(
    changes: dict[str, Any],
) -> None:
    """A limit is the largest number that is allowed."""
    assert await refusal(**changes) is None


def tokens(text: str) -> float:
    """Return the estimate of a text's tokens."""
    return max(len(text.split()) * TOKENS_PER_WORD, len(text.encode()) / BYTES_PER_TOKEN)


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=4))
async def test_a_request_goes_through_whole_or_not_at_all(texts: list[str]) -> None:
    """Whatever is asked, the model sees all of it, or nothing when it is above a limit."""
    error = await refusal(messages=tuple(map(user, texts)))
    fits = (
        len(texts) <= 2
        and all(len(text) <= 20 for text in texts)
        and sum(tokens(text) for text in texts) <= 13
    )
    assert (error is None) == fits


async def within(config: dict[str, Any], **changes: Any) -> tuple[Call, list[Decision]]:
    """Ask within these limits; return the call that reaches the model, and what was decided."""
    call = a_call(**changes)
    return await InputLimits(InputLimits.Config(**config)).before_inference(call), call.decisions


@pytest.mark.parametrize("number", [-2, -1, 32_769, 10**9])
async def test_an_answer_has_an_end(number: int) -> None:
    """Ollama's "no end" and "as many as fit" become the most that is allowed, as more does."""
    call, decisions = await within({}, options=Options(num_predict=number))
    assert call.options.num_predict == 32_768
    assert [(each.rule, each.action) for each in decisions] == [("num_predict", "clamp")]


async def test_a_smaller_limit_of_ones_own_stays() -> None:
    """What is within the bounds, or absent, reaches the model as it was sent."""
    for options in (Options(), Options(num_predict=0, num_ctx=1), Options(num_predict=32_768)):
        call, decisions = await within({}, options=options)
        assert call.options == options
        assert not decisions


async def test_a_model_is_not_loaded_with_any_context() -> None:
    """A context that is larger than allowed is set to what is."""
    call, decisions = await within({"max_num_ctx": 4096}, options=Options(num_ctx=262_144))
    assert call.options.num_ctx == 4096
    assert decisions == [Decision(guard="input", rule="num_ctx", action="clamp", direction="input")]


async def test_hardware_is_not_the_callers() -> None:
    """Options about the machine are left out, and what was dropped is written down by name."""
    mine = Options(
        num_gpu=0, main_gpu=1, num_thread=64, num_batch=8192, use_mmap=False, temperature=0.5
    )
    call, decisions = await within({}, options=mine)
    assert call.options == Options(temperature=0.5)
    dropped = {each.rule for each in decisions if each.action == "drop"}
    assert dropped == {"num_gpu", "main_gpu", "num_thread", "num_batch", "use_mmap"}


async def test_log_probabilities_are_bounded() -> None:
    """They come in the number that the file allows, or not at all."""
    call, _ = await within({"max_top_logprobs": 3}, logprobs=True, top_logprobs=20)
    assert (call.logprobs, call.top_logprobs) == (True, 3)
    call, decisions = await within({"logprobs": False}, logprobs=True, top_logprobs=20)
    assert (call.logprobs, call.top_logprobs) == (False, 0)
    assert [each.rule for each in decisions] == ["logprobs"]


def test_an_unknown_option_is_named() -> None:
    """A slip in the list of dropped options is said at the start, with the nearest name."""
    with pytest.raises(SettingsError, match=r"no option 'num_gpus'; did you mean 'num_gpu'"):
        InputLimits(InputLimits.Config(drop_options=("num_gpus",)))


@pytest.mark.parametrize(
    ("dialect", "param"), [("openai", "temperature"), ("ollama", "options.temperature")]
)
@pytest.mark.parametrize("value", [-0.1, 2.1, float("inf"), float("nan")])
async def test_temperature_has_bounds(dialect: str, param: str, value: float) -> None:
    """A temperature outside of 0 to 2 is refused under the name that the caller used."""
    error = await refusal(options=Options(temperature=value), dialect=dialect)
    assert error is not None
    assert error.param == param
    assert "between 0 and 2" in error.message


async def test_who_may_speak_is_said() -> None:
    """A role that nobody has here is refused, with those that there are."""
    error = await refusal(messages=(user("a"), Message(role="control", content="b")))
    assert error is not None
    assert error.param == "messages[1].role"
    assert "'control'" in error.message
    assert "system, user, assistant, tool" in error.message


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"tools": ({"type": "function", "description": LONG},)}, "tools"),
        ({"format": {"title": LONG}}, "format"),
        (
            {
                "messages": (
                    user(
                        "a",
                        tool_calls=(
                            ToolCall(function=Function(name="f", arguments={"b": [LONG]})),
                        ),
                    ),
                )
            },
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
async def test_tools_count_too(changes: dict[str, Any], place: str) -> None:
    """Definitions of tools, their calls and schemas are read by the model, and are limited."""
    error = await refusal(**changes)
    assert error is not None
    assert error.param == place


async def test_a_refusal_is_written_down() -> None:
    """What was refused stands in the call's decisions, by the name of the limit."""
    call = a_call(messages=(user(LONG),))
    with pytest.raises(InvalidRequest):
        await InputLimits(CONFIG).before_inference(call)
    assert call.decisions == [
        Decision(guard="input", rule="max_characters", action="block", direction="input")
    ]


async def test_html_is_taken_out_of_the_roles_that_the_file_names() -> None:
    """Tags go from what these roles say, and from nothing else; without the setting all stays."""
    messages = (Message(role="system", content="<b>a</b>"), user("<b>b</b> `<i>`"))
    call, _ = await within({"strip_html": ("user",)}, messages=messages)
    assert [message.content for message in call.messages] == ["<b>a</b>", "b `<i>`"]
    call, _ = await within({}, messages=messages)
    assert call.messages == messages


async def test_a_prompt_of_nothing_but_html_is_refused() -> None:
    """A prompt of which nothing is left would only load the model: that is said."""
    with pytest.raises(InvalidRequest, match="nothing is left of the prompt"):
        await within({"strip_html": ("user",)}, kind="generate", messages=(), prompt="<p>")

"""Every text of a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Call, Function, InvalidRequest, Message, ToolCall
from plugins.guardrails.texts import Place, rewrite, texts
from tests.plugins.cache.calls import MATTERS
from tests.plugins.support import a_call

CALLS = st.fixed_dictionaries({}, optional=MATTERS).map(lambda fields: a_call(**fields))

NESTED = {"a3": ["a4", 7, None, True]}
FULL = a_call(
    system="s1",
    template="s2",
    prompt="u1",
    suffix="u2",
    messages=(
        Message(role="system", content="s3"),
        Message(
            role="assistant",
            content="a1",
            thinking="a2",
            tool_calls=(
                ToolCall(
                    id="1", function=Function(name="f", arguments={"a3": ["a4", 7, None, True]})
                ),
            ),
        ),
        Message(role="tool", content="t1"),
    ),
    inputs=("u3", "", "u4"),
    tools=({"s4": {"s5": "s6"}},),
    format={"s7": "s8"},
)


async def keep(place: Place, text: str) -> str:
    """Change nothing."""
    return text


def test_no_text_is_left_out() -> None:
    """Each text that a model reads comes with its place and the role that says it."""
    found = list(texts(FULL))
    assert " ".join(sorted(text for _, text in found)) == (
        "a1 a2 a3 a4 s1 s2 s3 s4 s5 s6 s7 s8 t1 u1 u2 u3 u4"
    )
    assert all(text[0] == place.role[0] for place, text in found)
    places = {text: place.name for place, text in found}
    assert places["a4"] == "messages[1].tool_calls[0].function.arguments"
    assert (places["t1"], places["u4"]) == ("messages[2].content", "input[2]")


async def test_each_text_can_be_changed() -> None:
    """What the change returns stands in place of each text, and nothing else is touched."""

    async def louder(place: Place, text: str) -> str:
        return text.upper()

    changed = await rewrite(FULL, louder)
    assert [text for _, text in texts(changed)] == [text.upper() for _, text in texts(FULL)]
    assert changed.messages[1].tool_calls[0].function.arguments == {"A3": ["A4", 7, None, True]}
    assert changed.messages[1].tool_calls[0].function.name == "f"


@given(CALLS)
async def test_looking_and_changing_see_the_same(call: Call) -> None:
    """`rewrite` hands over exactly the places and texts that `texts` yields, in its order."""
    seen: list[tuple[Place, str]] = []

    async def note(place: Place, text: str) -> str:
        seen.append((place, text))
        return text

    await rewrite(call, note)
    assert seen == list(texts(call))


@given(CALLS)
async def test_a_call_that_is_not_changed_is_the_same_object(call: Call) -> None:
    """Nothing is copied where nothing changes."""
    assert await rewrite(call, keep) is call


async def test_a_refusal_comes_through() -> None:
    """A change may refuse the request."""

    async def refuse(place: Place, text: str) -> str:
        raise InvalidRequest("no", param=place.name)

    with pytest.raises(InvalidRequest):
        await rewrite(FULL, refuse)


@pytest.mark.parametrize("fields", [{"prompt": "x"}, {"prompt": "x", "system": "y"}])
async def test_a_prompt_does_not_vanish(fields: dict[str, Any]) -> None:
    """A prompt of which nothing is left is refused: Ollama would only load the model."""

    async def remove(place: Place, text: str) -> str:
        return ""

    with pytest.raises(InvalidRequest, match="nothing is left"):
        await rewrite(a_call(kind="generate", messages=(), **fields), remove)


async def test_a_long_number_is_a_text() -> None:
    """A card number that is no text in JSON is seen, and may become one; a quantity stays."""
    call = a_call(tools=({"a": 4111111111111111, "b": 99_999_999, "c": True, "d": -1.5},))
    assert [text for _, text in texts(call) if text.isdigit()] == ["4111111111111111"]

    async def hide(place: Place, text: str) -> str:
        return "[CARD]" if text.isdigit() else text

    assert (await rewrite(call, keep)) is call
    (tool,) = (await rewrite(call, hide)).tools
    assert tool == {"a": "[CARD]", "b": 99_999_999, "c": True, "d": -1.5}

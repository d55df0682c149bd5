"""Ways to a valid answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Message
from plugins.guardrails.schema.judge import Flaw
from plugins.guardrails.schema.repair import again, unfenced
from tests.pace import within
from tests.plugins.support import a_call

FLAW = Flaw("type", "/type", '/n: "x" is not of type "integer"')


@given(
    st.text(), st.sampled_from(["", "json", "JSON5", "jsonc "]), st.sampled_from(["", "\n", " "])
)
def test_a_fence_around_all_of_a_text_comes_off(inside: str, name: str, around: str) -> None:
    """What is inside stays as it is."""
    assert unfenced(f"{around}```{name}\n{inside}\n```{around}") == inside


@pytest.mark.parametrize(
    "text", ["", "{}", "```", "```json\n{}", "see:\n```json\n{}\n```", "```json\n{}\n```\nthere"]
)
def test_other_texts_have_no_fence(text: str) -> None:
    """Nothing is taken off a text that has something beside the fence."""
    assert unfenced(text) is None


def test_looking_for_a_fence_takes_linear_time() -> None:
    """Texts that are made to be searched for long are not."""

    def look_for_all() -> None:
        for piece in ("\n```", "\n", " ", "```\n", "\n \t"):
            unfenced("```json\n" + piece * 50_000 + "x```")
            unfenced(piece * 50_000)

    within(0.2, look_for_all)


def test_a_chat_goes_on_with_what_was_wrong() -> None:
    """The answer and a correction follow the conversation; all else stays as it was."""
    call = a_call(format="json")
    asked = again(call, "{x}", FLAW)
    first, answer, correction = asked.messages
    assert first == call.messages[0]
    assert answer == Message(role="assistant", content="{x}")
    assert correction.role == "user"
    assert FLAW.hint in correction.content
    assert asked.replace(messages=call.messages) == call


def test_a_prompt_goes_on_with_what_was_wrong() -> None:
    """The answer and a correction follow the prompt; all else stays as it was."""
    call = a_call(kind="generate", prompt="Say n", messages=())
    asked = again(call, "{x}", FLAW)
    assert asked.prompt.startswith("Say n\n\n{x}\n\n")
    assert FLAW.hint in asked.prompt
    assert asked.replace(prompt="Say n") == call

"""Names and places by the real Presidio, in the plugin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from localai import Call, Chunk, Function, Gateway, Handler, Message, SettingsError, ToolCall
from plugins.guardrails.pii.plugin import Pii
from plugins.guardrails.pii.presidio.settings import Presidio
from tests.plugins.guardrails.pii.support import EMAIL, Echo, refusal_of, text_of
from tests.plugins.support import HELLO, Model, a_call, all_of

DONE = Chunk(done=True, done_reason="stop")


@asynccontextmanager
async def naming(
    model: Any, folder: Path, more: dict[str, Any] | None = None, **presidio: Any
) -> AsyncIterator[Handler]:
    """Run the plugin with the extra around a model."""
    extra = Presidio(enabled=True, model=folder, **presidio)
    plugin = Pii(Pii.Config(presidio=extra, **{"output": {}} | (more or {})))
    async with plugin.lifespan(cast("Gateway", None)):
        yield plugin.around_inference(model.infer)


def asking(text: str, **changes: Any) -> Call:
    """Return a chat with a text."""
    return a_call(messages=(Message(role="user", content=text),), **changes)


async def test_names_are_taken_out_and_come_back(model: Path) -> None:
    """By default people get placeholders, which answers give back, and places labels."""
    echo = Echo()
    async with naming(echo, model) as handler:
        said = await text_of(handler, asking("Anna Smith and Jürgen met Anna Smith in Paris."))
    assert echo.calls[0].messages[0].content == (
        "<PERSON_1> and <PERSON_2> met <PERSON_1> in [LOCATION]."
    )
    assert said == "Anna Smith and Jürgen met Anna Smith in [LOCATION]."


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("off", "Anna Smith"),
        ("flag", "Anna Smith"),
        ("redact", "[PERSON]"),
        ("mask", "**** *mith"),
        ("pseudonymise", "<PERSON_1>"),
    ],
)
async def test_each_action(model: Path, action: str, expected: str) -> None:
    """Each action changes what the model reads, and is counted."""
    echo = Echo()
    call = asking("I am Anna Smith.")
    actions = {"PERSON": action, "LOCATION": "flag"}
    async with naming(echo, model, entities=actions) as handler:
        await all_of(handler, call)
    assert echo.calls[0].messages[0].content == f"I am {expected}."
    found = [(each.rule, each.action) for each in call.decisions]
    assert found == ([] if action == "off" else [("PERSON", action)])


async def test_a_blocked_name(model: Path) -> None:
    """A request with a name that is to be blocked is refused with its place."""
    async with naming(Echo(), model, entities={"PERSON": "block"}) as handler:
        refusal = await refusal_of(handler, asking("I am Anna Smith."))
    assert "messages[0].content contains what looks like 'PERSON'" in refusal.message


async def test_what_patterns_put_in_is_left_alone(model: Path) -> None:
    """Placeholders and labels are no names, and what is around them still is."""
    echo = Echo()
    more = {"input": {"email": "pseudonymise", "card": "redact"}, "label": "Paris"}
    text = f"Anna {EMAIL} in Paris: 4111 1111 1111 1111"
    async with naming(echo, model, more) as handler:
        await all_of(handler, asking(text))
    assert echo.calls[0].messages[0].content == "<PERSON_1> <EMAIL_1> in Paris: Paris"


async def test_all_texts_are_looked_at_but_single_words_of_schemas(model: Path) -> None:
    """Descriptions of tools are looked at; names of tools and parameters must stay."""
    echo = Echo()
    tool = {"type": "function", "function": {"name": "Paris", "description": "Ask in Paris"}}
    used = ToolCall(function=Function(name="ask", arguments={"who": "Anna"}))
    call = a_call(
        tools=(tool,),
        messages=(
            Message(role="system", content="You are Anna."),
            Message(role="assistant", content="", tool_calls=(used,)),
            Message(role="user", content="Hi"),
        ),
    )
    async with naming(echo, model) as handler:
        await all_of(handler, call)
    (seen,) = echo.calls
    assert seen.tools[0]["function"] == {"name": "Paris", "description": "Ask in [LOCATION]"}
    assert seen.messages[0].content == "You are <PERSON_1>."
    assert seen.messages[1].tool_calls[0].function.arguments == {"who": "<PERSON_1>"}


@pytest.mark.parametrize("stream", [True, False])
async def test_answers(model: Path, stream: bool) -> None:
    """Where the file asks for it, names in answers are treated, and the caller's own come back."""
    call = ToolCall(function=Function(name="ask", arguments={"who": "Jürgen"}))
    said = Model(
        Chunk(thinking="Anna?"),
        Chunk(content="<PERSON_1> met An"),
        Chunk(content="na.", tool_calls=(call,)),
        DONE,
    )
    async with naming(said, model, output={"PERSON": "redact"}) as handler:
        chunks = await all_of(handler, asking("I am Anna Smith.", stream=stream))
    assert "".join(chunk.content for chunk in chunks) == "Anna Smith met [PERSON]."
    assert "".join(chunk.thinking for chunk in chunks) == "[PERSON]?"
    (given,) = [each for chunk in chunks for each in chunk.tool_calls]
    assert given.function.arguments == {"who": "[PERSON]"}


async def test_a_blocked_answer(model: Path) -> None:
    """An answer with a name that is to be blocked says only that it was filtered."""
    said = Model(Chunk(content="It was Anna"), DONE)
    async with naming(said, model, output={"PERSON": "block"}) as handler:
        chunks = await all_of(handler, asking("Who?"))
    assert "".join(chunk.content for chunk in chunks) == "[Output filtered for security]"
    assert chunks[-1].done_reason == "content_filter"


async def test_without_an_entity_nothing_is_loaded(tmp_path: Path) -> None:
    """An extra that looks for nothing needs no model, and takes no part."""
    said = Model(*HELLO)
    nothing = {"entities": {"PERSON": "off"}}
    async with naming(said, tmp_path / "none", **nothing) as handler:
        assert handler == said.infer


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"entities": {"PERSONS": "redact"}}, "presidio.entities: .*did you mean 'PERSON'"),
        ({"entities": {"PERSON": "hide"}}, "presidio.entities.PERSON: 'hide' is no action"),
        ({"output": {"PERSON": "pseudonymise"}}, "presidio.output.PERSON: nothing would"),
    ],
)
def test_wrong_settings(model: Path, settings: dict[str, Any], expected: str) -> None:
    """What is wrong in the table is named, with what is allowed."""
    with pytest.raises(SettingsError, match=expected):
        Pii(Pii.Config(output={}, presidio=Presidio(enabled=True, model=model, **settings)))


def test_a_missing_model_stops_the_start(tmp_path: Path) -> None:
    """Without its model the plugin is not made, and the message has the command to run."""
    with pytest.raises(SettingsError, match="python -m spacy download xx_none"):
        Pii(Pii.Config(output={}, presidio=Presidio(enabled=True, model=tmp_path / "xx_none")))

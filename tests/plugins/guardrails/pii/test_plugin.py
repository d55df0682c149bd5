"""Personal data and secrets, in both directions."""

import json
from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Call, Chunk, Function, Message, SettingsError, ToolCall
from plugins.guardrails.pii.entities.catalogue import GROUPS
from plugins.guardrails.pii.plugin import Pii
from tests.plugins.guardrails.pii.support import (
    CARD,
    EMAIL,
    SECRET,
    SSN,
    Echo,
    guarding,
    refusal_of,
    text_of,
)
from tests.plugins.support import Model, a_call, all_of

Kind = Literal["chat", "generate"]
KINDS = [(kind, stream) for kind in get_args(Kind) for stream in (True, False)]
BLOCKED = "[Output filtered for security]"
DONE = Chunk(done=True, done_reason="stop", eval_count=3)
SHIPPED = Pii(Pii.Config())


def asking(text: str, kind: str = "chat", *, stream: bool = True, **changes: Any) -> Call:
    """Return a call of a kind with a text."""
    fields: dict[str, Any] = {"kind": kind, "stream": stream, "messages": ()}
    if kind == "chat":
        fields["messages"] = (Message(role="user", content=text),)
    elif kind == "embed":
        fields["inputs"] = (text,)
    else:
        fields["prompt"] = text
    return a_call(**fields | changes)


def saying(text: str, stream: bool) -> Model:
    """Return a model that says a text, in pieces of three characters or at once."""
    if not stream:
        return Model(DONE.replace(content=text))
    pieces = [Chunk(content=text[at : at + 3]) for at in range(0, len(text), 3)]
    return Model(*pieces, DONE)


def calling(**arguments: Any) -> ToolCall:
    """Return a call of a tool."""
    return ToolCall(function=Function(name="mail", arguments=arguments))


@pytest.mark.parametrize(("kind", "stream"), KINDS)
async def test_what_is_shipped(kind: str, stream: bool) -> None:
    """By default secrets, cards and SSNs are taken out of answers; requests stay as they are."""
    text = f"{SECRET}, {CARD}, {SSN}, {EMAIL}."
    model = saying(text, stream)
    call = asking(text, kind, stream=stream)
    said = await text_of(SHIPPED.around_inference(model.infer), call)
    assert said == f"[GITHUB_TOKEN], [CARD], [SSN], {EMAIL}."
    assert model.calls == [call.replace(logprobs=False)]


def test_nothing_to_do_costs_nothing() -> None:
    """Without anything to look for the plugin takes no part."""
    model = Model(DONE)
    assert guarding(model) == model.infer
    assert guarding(model, output={"card": "off"}, input={"email": "off"}) == model.infer


@pytest.mark.parametrize("kind", ["chat", "generate", "embed"])
@pytest.mark.parametrize(
    ("action", "seen"),
    [
        ("off", CARD),
        ("flag", CARD),
        ("redact", "[CARD]"),
        ("mask", "**** **** **** 1111"),
        ("pseudonymise", "<CARD_1>"),
    ],
)
async def test_what_the_model_sees(kind: str, action: str, seen: str) -> None:
    """Each action changes what the model reads, in chats, prompts and inputs of embeddings."""
    model = Model(DONE)
    handler = guarding(model, input={"card": action}, output={"email": "flag"})
    call = asking(f"My card: {CARD}.", kind)
    await all_of(handler, call)
    assert list(model.calls[0].texts()) == [f"My card: {seen}."]
    found = [(each.rule, each.action, each.direction) for each in call.decisions]
    assert found == ([] if action == "off" else [("card", action, "input")])


@pytest.mark.parametrize("kind", ["chat", "generate", "embed"])
async def test_a_blocked_request_reaches_no_model(kind: str) -> None:
    """A request with what is to be blocked is refused, counted, and asked of nobody."""
    model = Model(DONE)
    call = asking(f"My card: {CARD}.", kind)
    refusal = await refusal_of(guarding(model, input={"card": "block"}), call)
    places = {"chat": "messages[0].content", "generate": "prompt", "embed": "input[0]"}
    assert refusal.param == places[kind]
    assert refusal.code == "content_filter"
    assert not model.calls
    assert [each.action for each in call.decisions] == ["block"]


@pytest.mark.parametrize(("kind", "stream"), KINDS)
@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("off", CARD),
        ("flag", CARD),
        ("redact", "[CARD]"),
        ("mask", "**** **** **** 1111"),
    ],
)
async def test_what_the_caller_sees(kind: str, stream: bool, action: str, said: str) -> None:
    """Each action changes what the caller reads, streamed or not."""
    model = saying(f"Your card: {CARD}.", stream)
    handler = guarding(model, output={"card": action, "email": "flag"})
    call = asking("Which card?", kind, stream=stream)
    assert await text_of(handler, call) == f"Your card: {said}."
    found = [(each.rule, each.action, each.direction) for each in call.decisions]
    assert found == ([] if action == "off" else [("card", action, "output")])


@pytest.mark.parametrize(("kind", "stream"), KINDS)
async def test_a_blocked_answer(kind: str, stream: bool) -> None:
    """An answer with what is to be blocked ends before it, and says that it was filtered."""
    model = saying(f"Your card: {CARD}. Bye.", stream)
    handler = guarding(model, output={"card": "block"})
    chunks = await all_of(handler, asking("?", kind, stream=stream))
    before = "Your card: " if stream else ""
    assert "".join(chunk.content for chunk in chunks) == f"{before}{BLOCKED}"
    assert chunks[-1].done
    assert chunks[-1].done_reason == "content_filter"
    assert model.closed == 1


WORDS = st.text(
    alphabet=st.sampled_from('ab <>_1é\\"{}.,:@EMAIL\n'), max_size=12
) | st.sampled_from(["<EMAIL_1>", "<CARD_2>", "<EMAIL_", "\\u003cEMAIL_1\\u003e"])
VALUES = st.sampled_from(
    [EMAIL, CARD, SECRET, "jürgen@example.org", "DE89 3704 0044 0532 0130 00", "203.0.113.77"]
)

ECHO = Echo()
ECHOING = guarding(ECHO, input=dict.fromkeys(GROUPS, "pseudonymise"))


@settings(deadline=None)
@given(st.lists(WORDS | VALUES), st.integers(1, 20), st.sampled_from(KINDS))
async def test_what_was_taken_out_comes_back(
    parts: list[str], size: int, way: tuple[Kind, bool]
) -> None:
    """Whatever a text holds, a model that repeats it gives it back to its caller as it was."""
    kind, stream = way
    text = " ".join(parts) or "-"
    ECHO.size = size
    call = asking(text, kind, stream=stream)
    assert await text_of(ECHOING, call) == text
    (seen,) = ECHO.calls.pop().texts()
    for value in (EMAIL, CARD, SECRET):
        if value in parts:
            assert value not in seen


async def test_values_come_back_however_they_are_split() -> None:
    """A placeholder that comes in any pieces is restored, written plainly or with escapes."""
    model = Model()
    handler = guarding(model, input={"email": "pseudonymise"})
    for written in ("<EMAIL_1>", "\\u003cEMAIL_1\\u003e", "\\u003CEMAIL_1\\u003E"):
        text = f"To {written}, ok"
        for at in range(len(text)):
            model.chunks = (Chunk(content=text[:at]), Chunk(content=text[at:]), DONE)
            assert await text_of(handler, asking(f"Write to {EMAIL}")) == f"To {EMAIL}, ok"


async def test_values_come_back_in_thoughts_and_tools() -> None:
    """Thinking and the arguments of tools get the values back as well."""
    call = calling(to=["<EMAIL_1>"], note="for <EMAIL_1>", other="<EMAIL_9>")
    model = Model(Chunk(thinking="Mail <EMA"), Chunk(thinking="IL_1>?"), Chunk(tool_calls=(call,)))
    model.chunks += (DONE,)
    chunks = await all_of(
        guarding(model, input={"email": "pseudonymise"}), asking(f"Write to {EMAIL}")
    )
    assert "".join(chunk.thinking for chunk in chunks) == f"Mail {EMAIL}?"
    (given,) = [call for chunk in chunks for call in chunk.tool_calls]
    assert given.function.arguments == {
        "to": [EMAIL],
        "note": f"for {EMAIL}",
        "other": "<EMAIL_9>",
    }


async def test_values_come_back_as_json() -> None:
    """In an answer that is JSON, a value is written as JSON has it."""
    value = "jürgen@example.org"
    model = Model(Chunk(content='{"to": "<EMAIL_1>"}'), DONE)
    handler = guarding(model, input={"email": "pseudonymise"})
    said = await text_of(handler, asking(f"Write to {value}", format="json"))
    assert json.loads(said) == {"to": value}


async def test_the_callers_own_placeholders_stay() -> None:
    """What looks like a placeholder in the caller's text is neither given nor restored."""
    echo = Echo()
    handler = guarding(echo, input={"email": "pseudonymise"})
    text = f"What is <EMAIL_1>? {EMAIL}"
    assert await text_of(handler, asking(text)) == text
    assert echo.calls[0].messages[0].content == "What is <EMAIL_1>? <EMAIL_2>"


async def test_placeholders_are_stable() -> None:
    """The same value has one placeholder in all of a request, and equal requests are equal."""
    model = Model(DONE)
    handler = guarding(model, input={"contact": "pseudonymise", "card": "pseudonymise"})
    messages = (
        Message(role="system", content=f"Ask {EMAIL}."),
        Message(role="user", content=f"I am ben@example.org, {CARD}"),
        Message(role="tool", content=f"{CARD} {EMAIL}", tool_name="look"),
        Message(role="assistant", content="", tool_calls=(calling(to=EMAIL),)),
    )
    for _ in range(2):
        await all_of(handler, a_call(messages=messages))
    first, second = model.calls
    assert first.messages == second.messages
    assert [message.content for message in first.messages] == [
        "Ask <EMAIL_1>.",
        "I am <EMAIL_2>, <CARD_1>",
        "<CARD_1> <EMAIL_1>",
        "",
    ]
    assert first.messages[3].tool_calls[0].function.arguments == {"to": "<EMAIL_1>"}


@pytest.mark.parametrize("stream", [True, False])
async def test_own_values_are_not_filtered(stream: bool) -> None:
    """Callers get back what they sent, while what the model makes up is taken out."""
    model = saying(f"<EMAIL_1> and {EMAIL}, ben@example.org, <EMAIL_2>", stream)
    handler = guarding(model, input={"email": "pseudonymise"}, output={"email": "redact"})
    said = await text_of(handler, asking("I am carl@example.org", stream=stream))
    assert said == "carl@example.org and [EMAIL], [EMAIL], <EMAIL_2>"


async def test_who_leaves_closes_all() -> None:
    """When the caller leaves in the midst, the model's answer is closed, and finds are counted."""
    model = Model(Chunk(content=f"{CARD}. "), Chunk(content="And so on "), DONE)
    call = asking(f"I am {EMAIL}")
    handler = guarding(model, input={"email": "pseudonymise"}, output={"card": "redact"})
    chunks = handler(call)
    assert (await anext(chunks)).content == "[CARD]. "
    await chunks.aclose()
    assert model.closed == 1
    assert [each.rule for each in call.decisions] == ["email", "card"]


async def test_results_of_tools_are_looked_through() -> None:
    """An address in JSON with escapes is found, and the JSON stays valid."""
    model = Model(DONE)
    handler = guarding(model, input={"email": "pseudonymise"})
    result = json.dumps({"to": "jürgen@example.org", "at": "a/b"}).replace("/", r"\/")
    messages = (Message(role="tool", content=result.replace("@", r"\u0040")),)
    await all_of(handler, a_call(messages=messages))
    assert json.loads(model.calls[0].messages[0].content) == {"to": "<EMAIL_1>", "at": "a/b"}


async def test_a_card_with_its_code() -> None:
    """A card's number is found with the code that follows it, which stays."""
    model = saying(f"{CARD} 123", True)
    handler = guarding(model, output={"card": "redact"})
    assert await text_of(handler, asking("?")) == "[CARD] 123"


async def test_token_ids_are_refused_where_texts_are_changed() -> None:
    """A conversation as token ids can't be looked at, and is refused with what to send instead."""
    model = Model(DONE)
    call = asking("And?", "generate", context=(1, 2, 3))
    refusal = await refusal_of(guarding(model, input={"card": "redact"}), call)
    assert refusal.param == "context"
    assert "messages to /api/chat" in refusal.message
    await all_of(guarding(model, input={"card": "flag"}), call)
    assert model.calls[0].context == (1, 2, 3)


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        ({"output": {"card": "redact"}}, False),
        ({"output": {"card": "flag"}}, True),
        ({"input": {"email": "pseudonymise"}}, False),
    ],
)
async def test_logprobs(table: dict[str, Any], kept: bool) -> None:
    """Logprobs, which spell an answer, are not asked for where something may be taken out."""
    model = Model(DONE)
    await all_of(guarding(model, **table), asking(EMAIL, logprobs=True, top_logprobs=2))
    assert model.calls[0].logprobs is kept
    assert model.calls[0].top_logprobs == (2 if kept else 0)


async def test_an_endless_private_key_is_refused() -> None:
    """A key in a request that has no end within its bounds is refused, as nobody knows its end."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIE" * 20_000
    refusal = await refusal_of(
        guarding(Model(DONE), input={"secret_private_key": "redact"}), asking(f"See {key}")
    )
    assert refusal.param == "messages[0].content"
    assert "MIIE" not in refusal.message


async def test_a_private_key_is_redacted_whole() -> None:
    """Nothing of a key is left, also where other secrets get placeholders."""
    key = "-----BEGIN PRIVATE KEY-----\n" + f"{'MIIEvQIB' * 8}\n" * 9 + "-----END PRIVATE KEY-----"
    model = Model(DONE)
    await all_of(guarding(model, input={"secret_private_key": "mask"}), asking(f"a {key} b"))
    assert model.calls[0].messages[0].content == "a [PRIVATE_KEY] b"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"input": {"crad": "redact"}}, "input: .*did you mean 'card'"),
        ({"output": {"card": "pseudonymise"}}, "output.card: nothing would turn"),
        ({"input": {"card": "redcat"}}, "input.card: 'redcat' is no action"),
        ({"label": "<{entity}_1>"}, "label: < and > are for pseudonyms"),
    ],
)
def test_wrong_settings(table: dict[str, Any], expected: str) -> None:
    """What is wrong in the table is named, with what is allowed."""
    with pytest.raises(SettingsError, match=expected):
        Pii(Pii.Config(**table))

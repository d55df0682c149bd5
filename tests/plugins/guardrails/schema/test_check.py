"""Answers are checked as they pass, or held back until they are valid."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import (
    Call,
    Chunk,
    Chunks,
    Function,
    GatewayError,
    Handler,
    ToolCall,
    Unavailable,
    UpstreamInvalid,
)
from plugins.guardrails.schema.check import HEADER, Check, Policy
from plugins.guardrails.schema.judge import Judge
from plugins.guardrails.schema.refusals import CODE, CutOutput, InvalidOutput
from plugins.guardrails.schema.rules import format_rule, pattern_rule, tool_rules
from tests.plugins.guardrails.schema.support import (
    BAD,
    GOOD,
    NUMBERED,
    LocalJudge,
    Models,
    saying,
)
from tests.plugins.support import Model, a_call, all_of

GENERATE = {"kind": "generate", "messages": (), "prompt": "Say n"}
KINDS = [{}, GENERATE]
TOOLS = ({"type": "function", "function": {"name": "count", "parameters": NUMBERED}},)


def checked(
    next: Handler,
    action: Any = "block",
    *,
    tools: Any = "off",
    pattern: str = "",
    judge: Judge | None = None,
    **more: int,
) -> Handler:
    """Return a handler that checks the answers of another one."""
    limits = {"attempts": 1, "max_characters": 1_000} | more
    policy = Policy(action=action, tools=tools, **limits)

    async def handler(call: Call) -> Any:
        rules = [format_rule(call, 10_000), pattern_rule(pattern) if pattern else None]
        mine = tool_rules(call, 10_000) if tools != "off" else {}
        check = Check(policy, judge or LocalJudge(), call, [each for each in rules if each], mine)
        async with aclosing(check.answer(next)) as chunks:
            async for chunk in chunks:
                yield chunk

    return handler


def text_of(chunks: list[Chunk]) -> str:
    """Return what chunks say."""
    return "".join(chunk.content for chunk in chunks)


async def into(seen: list[Chunk], chunks: Chunks) -> None:
    """Note each chunk as it comes."""
    async for chunk in chunks:
        seen.append(chunk)


def made(call: Call) -> list[tuple[str, str]]:
    """Return the rules and actions of what was decided."""
    return [(each.rule, each.action) for each in call.decisions]


def calling(name: str = "count", **arguments: Any) -> Model:
    """Return a model that calls a tool."""
    tool = ToolCall(function=Function(name=name, arguments=arguments))
    return Model(Chunk(tool_calls=(tool,)), Chunk(done=True, done_reason="stop"))


# ---- flag


@pytest.mark.parametrize("kind", KINDS, ids=["chat", "generate"])
@pytest.mark.parametrize("text", [GOOD, BAD])
async def test_a_flagged_answer_passes_as_it_came(text: str, kind: dict[str, Any]) -> None:
    """Each chunk passes unchanged; the verdict is there before the last one."""
    model = saying(text)
    call = a_call(format=NUMBERED, **kind)
    chunks = []
    async for chunk in checked(model.infer, "flag")(call):
        assert (HEADER in call.headers) == chunk.done
        chunks.append(chunk)
    assert chunks == list(model.chunks)
    is_good = text == GOOD
    assert call.headers[HEADER] == ("schema=valid" if is_good else 'schema=invalid;rule="type"')
    assert made(call) == ([] if is_good else [("type", "flag")])


async def test_each_chunk_of_a_flagged_answer_passes_at_once() -> None:
    """No chunk waits for the next one."""
    model = saying(GOOD)
    model.gate = asyncio.Event()
    async with aclosing(checked(model.infer, "flag")(a_call(format=NUMBERED))) as chunks:
        assert await anext(chunks) == model.chunks[0]
        model.gate.set()
        assert len([chunk async for chunk in chunks]) == len(model.chunks) - 1


async def test_a_long_answer_is_flagged_unread() -> None:
    """Beyond the bound no more is kept, and the verdict says so."""
    call = a_call(format=NUMBERED)
    assert text_of(await all_of(checked(saying("x" * 99).infer, "flag", max_characters=50), call))
    assert made(call) == [("max_characters", "flag")]
    assert call.headers[HEADER] == 'schema=unchecked;rule="max_characters"'


async def test_an_answer_without_a_verdict_is_flagged() -> None:
    """When no judge answers in time, a flagged answer passes, and says that it is unchecked."""
    call = a_call(format=NUMBERED)
    late = LocalJudge(late=True)
    assert text_of(await all_of(checked(saying(GOOD).infer, "flag", judge=late), call)) == GOOD
    assert call.headers[HEADER] == 'schema=unchecked;rule="deadline"'


async def test_verdicts_stand_beside_others() -> None:
    """A verdict that is there already stays."""
    call = a_call(format=NUMBERED, headers={HEADER: "other=fine"})
    await all_of(checked(saying(GOOD).infer, "flag"), call)
    assert call.headers[HEADER] == "other=fine, schema=valid"


# ---- block


@pytest.mark.parametrize("kind", KINDS, ids=["chat", "generate"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_valid_answer_comes_whole(stream: bool, kind: dict[str, Any]) -> None:
    """It says the same, and its counts are the model's."""
    call = a_call(format=NUMBERED, stream=stream, **kind)
    chunks = await all_of(checked(saying(GOOD, model="m").infer), call)
    assert text_of(chunks) == GOOD
    assert len(chunks) == 1 + stream
    assert (chunks[-1].done, chunks[-1].eval_count, chunks[-1].model) == (True, 2, "m")
    assert call.headers[HEADER] == "schema=valid"
    assert made(call) == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("text", "reason", "rule"),
    [
        (BAD, "stop", "type"),
        ("no", "stop", "json"),
        ("", "stop", "json"),
        ("{}", "stop", "required"),
        (GOOD, "length", "length"),
        ("x" * 1_001, "stop", "max_characters"),
        ("```json\n" + GOOD + "\n```", "stop", "json"),
    ],
)
async def test_nothing_of_an_invalid_answer_is_seen(
    text: str, reason: str, rule: str, stream: bool
) -> None:
    """An error stands for it, which quotes nothing of it; headers and decisions have the rule."""
    call = a_call(format=NUMBERED, stream=stream)
    model = saying(text, reason=reason)
    seen: list[Chunk] = []
    with pytest.raises(InvalidOutput) as refused:
        await into(seen, checked(model.infer)(call))
    assert (seen, model.closed) == ([], 1)
    assert refused.value.code == CODE
    assert "private" not in refused.value.message
    word = "unchecked" if rule == "max_characters" else "invalid"
    assert call.headers[HEADER] == f'schema={word};rule="{rule}"'
    assert made(call) == [(rule, "block")]


async def test_a_cut_answer_is_not_asked_for_again() -> None:
    """What would be cut again is refused at once, whatever it says so far."""
    models = Models(saying(GOOD, reason="length"))
    with pytest.raises(CutOutput):
        await all_of(checked(models.infer, "repair"), a_call(format=NUMBERED))
    assert len(models.calls) == 1


async def test_thinking_is_no_part_of_the_text() -> None:
    """It is kept beside the text, and not read."""
    model = Model(Chunk(thinking="Hm {"), Chunk(content=GOOD), Chunk(done=True))
    chunks = await all_of(checked(model.infer), a_call(format=NUMBERED))
    assert [(chunk.thinking, chunk.content) for chunk in chunks] == [("Hm {", GOOD), ("", "")]


async def test_a_pattern_holds_beside_a_schema() -> None:
    """An answer that fits the schema and not the pattern is refused, for the pattern."""
    call = a_call(format=NUMBERED)
    assert text_of(await all_of(checked(saying(GOOD).infer, pattern=".*1.*"), call)) == GOOD
    with pytest.raises(InvalidOutput, match="does not match the pattern"):
        await all_of(checked(saying(GOOD).infer, pattern=".*2.*"), call)
    assert made(call) == [("file_pattern", "block")]


@pytest.mark.parametrize("action", ["block", "repair"])
async def test_without_a_verdict_nothing_passes(action: str) -> None:
    """When no judge answers in time, the answer is not sent, and not asked for again."""
    models = Models(saying(GOOD))
    with pytest.raises(Unavailable):
        await all_of(
            checked(models.infer, action, judge=LocalJudge(late=True)), a_call(format="json")
        )


@pytest.mark.parametrize("failure", [UpstreamInvalid("half"), RuntimeError("bug")])
async def test_failures_of_the_model_pass(failure: Exception) -> None:
    """An answer that fails by itself fails as it would without a check."""
    for action in ("flag", "block", "repair"):
        model = Model(Chunk(content="{"), failure=failure)
        with pytest.raises(type(failure)):
            await all_of(checked(model.infer, action), a_call(format="json"))
        assert model.closed == 1


# ---- repair


@pytest.mark.parametrize("kind", KINDS, ids=["chat", "generate"])
@pytest.mark.parametrize("stream", [True, False])
async def test_the_model_is_asked_once_more(stream: bool, kind: dict[str, Any]) -> None:
    """It is told what is wrong; its second answer is sent, with the counts of both."""
    models = Models(saying(BAD), saying(GOOD))
    call = a_call(format=NUMBERED, stream=stream, **kind)
    chunks = await all_of(checked(models.infer, "repair"), call)
    assert text_of(chunks) == GOOD
    assert (chunks[-1].prompt_eval_count, chunks[-1].eval_count) == (10, 4)
    first, second = models.calls
    assert first is call
    assert (second.options, second.format, second.stream) == (call.options, call.format, stream)
    said = second.messages[-1].content if call.kind == "chat" else second.prompt
    assert '/n: "private words" is not of type "integer"' in said
    assert call.headers[HEADER] == "schema=repaired"
    assert made(call) == [("type", "repair")]


async def test_a_second_invalid_answer_is_refused() -> None:
    """The second answer is checked as the first one was."""
    models = Models(saying(BAD), saying("{}"))
    call = a_call(format=NUMBERED)
    with pytest.raises(InvalidOutput, match="'required'"):
        await all_of(checked(models.infer, "repair"), call)
    assert made(call) == [("type", "repair"), ("required", "block")]
    assert call.headers[HEADER] == 'schema=invalid;rule="required"'


@given(st.integers(1, 4), st.integers(0, 5))
async def test_counts_add_up(attempts: int, failing: int) -> None:
    """However often the model is asked, all of its tokens are counted, and not more often asked."""
    models = Models(*[saying(BAD)] * failing, saying(GOOD))
    call = a_call(format=NUMBERED)
    try:
        chunks = await all_of(checked(models.infer, "repair", attempts=attempts), call)
    except InvalidOutput:
        assert failing > attempts
        assert len(models.calls) == attempts + 1
    else:
        assert len(models.calls) == failing + 1
        assert chunks[-1].eval_count == 2 * (failing + 1)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_fence_comes_off_without_a_question(stream: bool) -> None:
    """Valid JSON in a fence is bared; what counted other tokens or letters is dropped with it."""
    model = saying(f"```json\n{GOOD}\n```\n", context=(1, 2))
    call = a_call(format=NUMBERED, stream=stream)
    chunks = await all_of(checked(Models(model).infer, "repair"), call)
    assert text_of(chunks) == GOOD
    assert chunks[-1].context == ()
    assert call.headers[HEADER] == "schema=repaired"
    assert made(call) == [("fence", "repair")]


async def test_what_is_put_into_a_gap_is_not_asked_for_again() -> None:
    """With a suffix there is no prompt that could say what was wrong."""
    models = Models(saying(BAD))
    call = a_call(format=NUMBERED, suffix="end", **GENERATE)
    with pytest.raises(InvalidOutput):
        await all_of(checked(models.infer, "repair"), call)


async def test_a_failure_of_the_second_question_is_told() -> None:
    """What went wrong then is what the caller hears."""
    models = Models(saying(BAD), Model(failure=UpstreamInvalid("half")))
    with pytest.raises(UpstreamInvalid, match="half"):
        await all_of(checked(models.infer, "repair"), a_call(format=NUMBERED))


async def test_who_leaves_in_the_middle_ends_the_model() -> None:
    """A caller who leaves while the model is asked once more leaves no answer running."""
    second = Model(Chunk(content="{"), Chunk(done=True))
    second.gate = asyncio.Event()
    models = Models(saying(BAD), second)
    call = a_call(format=NUMBERED)
    asked = asyncio.create_task(all_of(checked(models.infer, "repair"), call))
    while len(models.calls) < 2:  # noqa: ASYNC110 - the model has no event for that
        await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert second.closed == 1
    assert made(call) == [("type", "repair")]


# ---- tools


@pytest.mark.parametrize("action", ["flag", "block", "repair"])
async def test_an_answer_of_tool_calls_has_no_text_to_check(action: str) -> None:
    """The schema is for the text, which such an answer lacks."""
    model = calling(n="x")
    call = a_call(format=NUMBERED, tools=TOOLS)
    chunks = await all_of(checked(Models(model).infer, action), call)
    assert [each for chunk in chunks for each in chunk.tool_calls] == list(
        model.chunks[0].tool_calls
    )
    assert HEADER not in call.headers


@pytest.mark.parametrize("form", [None, NUMBERED], ids=["passing", "held"])
@pytest.mark.parametrize("name", ["count", "other"])
async def test_arguments_are_flagged(name: str, form: Any) -> None:
    """Tool calls that do not fit pass, and are told of."""
    call = a_call(tools=TOOLS, format=form)
    chunks = await all_of(checked(calling(name, n="x").infer, tools="flag"), call)
    assert any(chunk.tool_calls for chunk in chunks)
    rule = "type" if name == "count" else "tool"
    assert call.headers[HEADER] == f'schema=invalid;rule="{rule}"'
    assert made(call) == [(rule, "flag")]


@pytest.mark.parametrize("form", [None, NUMBERED], ids=["passing", "held"])
@pytest.mark.parametrize(("name", "word"), [("count", "parameters"), ("other", "does not have")])
async def test_arguments_are_blocked(name: str, word: str, form: Any) -> None:
    """Tool calls that do not fit are never seen, and what follows them is not either."""
    call = a_call(tools=TOOLS, format=form)
    seen: list[Chunk] = []
    with pytest.raises(GatewayError, match=word) as refused:
        await into(seen, checked(calling(name, n="private").infer, tools="block")(call))
    assert seen == []
    assert "private" not in refused.value.message
    assert made(call)[0][1] == "block"


async def test_arguments_that_fit_pass_at_once() -> None:
    """With tools alone to be checked, texts pass as they come."""
    call = a_call(tools=TOOLS)
    model = calling(n=1)
    assert await all_of(checked(model.infer, tools="block"), call) == list(model.chunks)
    assert call.headers[HEADER] == "schema=valid"
    model = saying("Hello")
    call = a_call(tools=TOOLS)
    assert await all_of(checked(model.infer, tools="block"), call) == list(model.chunks)
    assert HEADER not in call.headers

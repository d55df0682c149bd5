"""All texts of an answer are filtered as one, and each gets what belongs to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Chunk, Function, ToolCall
from plugins.guardrails.stream.answer_filter import AnswerFilter
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Known, cut

SECRET = "ab@cd.ef"
RULES = Matcher([Rule(name="email", pattern=r"[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2}")])
CARD = Matcher([Rule(name="card", pattern=r"\d{8}", not_after=r"\d", not_before=r"\d")])


def _redact(rule: Rule, text: str) -> str:
    return f"[{rule.name}]"


def _call(**arguments: Any) -> ToolCall:
    return ToolCall(id="1", function=Function(name="mail", arguments=arguments))


def _calls(*arguments: dict[str, Any]) -> Chunk:
    return Chunk(tool_calls=tuple(_call(**each) for each in arguments))


class Said:
    """What an answer filter gives for some chunks, all together."""

    def __init__(self, *chunks: Chunk, matcher: Matcher = RULES, is_json: bool = False) -> None:
        answer = AnswerFilter(matcher, _redact, is_json=is_json)
        given = [*(answer.push(chunk) for chunk in chunks), answer.flush()]
        self.chunks = [chunk for chunk in given if chunk is not None]
        self.content = "".join(chunk.content for chunk in self.chunks)
        self.thinking = "".join(chunk.thinking for chunk in self.chunks)
        self.calls = [call for chunk in self.chunks for call in chunk.tool_calls]
        self.arguments = [call.function.arguments for call in self.calls]


@pytest.mark.parametrize("at", range(len(SECRET) + 1))
def test_a_secret_is_found_wherever_it_is_split(at: int) -> None:
    """Over two chunks, over thinking and content, over leaves and calls: nothing of it is given."""
    one, other = SECRET[:at], SECRET[at:]
    said = Said(Chunk(content=f"-{one}"), Chunk(content=f"{other}-"))
    assert said.content == "-[email]-"
    said = Said(Chunk(thinking=f"-{one}"), Chunk(content=f"{other}-"))
    assert (said.thinking + said.content) == "-[email]-"
    said = Said(Chunk(content=f"-{one}"), _calls({"to": f"{other}-"}))
    assert said.content + said.arguments[0]["to"] == "-[email]-"
    for chunks in (
        [_calls({"to": f"-{one}"}, {"to": f"{other}-"})],
        [_calls({"to": f"-{one}"}), _calls({"to": f"{other}-"})],
    ):
        said = Said(*chunks)
        assert "".join(each["to"] for each in said.arguments) == "-[email]-"
    said = Said(_calls({"to": [f"-{one}", {"more": f"{other}-"}]}))
    ((first, second),) = (each["to"] for each in said.arguments)
    assert first + second["more"] == "-[email]-"


@given(st.lists(st.integers(0, 40), max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
@settings(deadline=None)
def test_a_secret_is_found_in_escapes(places: list[int], are_escaped: list[bool]) -> None:
    r"""Whichever of its characters are written as `\u0040`, and wherever those are cut."""
    written = "".join(
        f"\\u{ord(char):04x}" if is_escaped else char
        for char, is_escaped in zip(SECRET, are_escaped, strict=True)
    )
    text = f'{{"to": "\\u00e4 {written}\\n"}}'
    said = Said(*(Chunk(content=piece) for piece in cut(text, places)))
    assert said.content == '{"to": "\\u00e4 [email]\\n"}'
    said = Said(*(Chunk(thinking=piece) for piece in cut(text, places)))
    assert said.thinking == '{"to": "\\u00e4 [email]\\n"}'
    assert Said(_calls({"body": text})).arguments == [{"body": '{"to": "\\u00e4 [email]\\n"}'}]


def test_a_replacement_is_escaped_where_texts_are_json() -> None:
    """What stands in place of a match can't break JSON: neither where escapes were seen, nor where
    JSON was asked for; elsewhere it stands as it is."""

    def quote(rule: Rule, text: str) -> str:
        return '"\n'

    for content, is_json, expected in (
        (f"{SECRET} ", False, '"\n '),
        (f"{SECRET} ", True, r"\"\n "),
        (rf"\u00e4 {SECRET} ", False, r"\u00e4 \"\n "),
        (rf"ab\u0040cd.ef {SECRET} ", False, r"\"\n \"\n "),
    ):
        answer = AnswerFilter(RULES, quote, is_json=is_json)
        chunk = answer.push(Chunk(content=content, done=True))
        assert chunk
        assert chunk.content == expected


def _fields(texts: list[tuple[str, str]], places: list[int]) -> list[Chunk]:
    """Return chunks that say texts in channels, cut at places."""
    chunks = []
    for channel, text in texts:
        if channel == "call":
            chunks.append(_calls({"": text}))
            continue
        for piece in filter(bool, cut(text, places)):
            is_content = channel == "content"
            chunks.append(Chunk(content=piece) if is_content else Chunk(thinking=piece))
    return chunks


spoken = st.lists(
    st.tuples(st.sampled_from(["thinking", "content", "call"]), oracle.words.filter(bool)),
    min_size=1,
    max_size=4,
)


@given(oracle.rules, spoken, st.lists(st.integers(0, 40), max_size=10), st.booleans())
@settings(max_examples=200, deadline=None)
def test_each_channel_gets_what_the_plain_search_gives(
    known: list[Known], texts: list[tuple[str, str]], places: list[int], is_done: bool
) -> None:
    """For random rules, channels and chunks, it is as if all had been searched as one text."""
    known = [each for each in known if each.until is None]
    merged: list[tuple[str, str]] = []
    for channel, text in texts:
        if merged and merged[-1][0] == channel != "call":
            merged[-1] = (channel, merged[-1][1] + text)
        else:
            merged.append((channel, text))
    expected = oracle.expected(known, [text for _, text in merged], oracle.act)
    chunks = _fields(texts, places)
    if is_done:
        chunks[-1] = chunks[-1].replace(done=True)
    answer = AnswerFilter(Matcher([each.rule for each in known]), oracle.act)
    given = [each for each in [*map(answer.push, chunks), answer.flush()] if each]
    assert answer.held == 0
    by_channel = {
        "thinking": [each.thinking for each in given],
        "content": [each.content for each in given],
        "call": [call.function.arguments[""] for each in given for call in each.tool_calls],
    }
    for channel, parts in by_channel.items():
        wanted = [
            text for (name, _), text in zip(merged, expected.texts, strict=True) if name == channel
        ]
        assert parts == wanted if channel == "call" else "".join(parts) == "".join(wanted)


@given(
    st.dictionaries(
        st.text("ab@.", max_size=4),
        st.recursive(
            st.text('ab@cd.ef"\\ ', max_size=9) | st.integers() | st.none() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
@settings(deadline=None)
def test_a_tool_call_stays_a_valid_object(arguments: dict[str, Any]) -> None:
    """Whatever is replaced, arguments are an object of the same shape, and it says so."""
    said = Said(_calls(arguments), Chunk(done=True))
    (given,) = said.arguments
    assert json.loads(json.dumps(given)) == given
    assert len(given) == len(arguments)


def test_numbers_and_keys_are_looked_at() -> None:
    """A number that matches becomes the text of its replacement; a key is filtered like a text."""
    said = Said(_calls({"n": 12345678, "m": 7, "k 12345678": [True]}), matcher=CARD)
    assert said.arguments == [{"n": "[card]", "m": 7, "k [card]": [True]}]


def test_tool_calls_keep_their_order_names_and_ids() -> None:
    """Each comes when its text is decided; those without arguments come in their turn."""
    answer = AnswerFilter(RULES, _redact)
    first = answer.push(_calls({"to": "ab"}))
    assert first is None
    second = answer.push(_calls({}, {"n": "c"}))
    assert second is None
    assert answer.held == len("ab") + len("c") + 3
    given = answer.push(Chunk(content="-"))
    assert given
    assert [call.function.arguments for call in given.tool_calls] == [{"to": "ab"}, {}, {"n": "c"}]
    assert {(call.id, call.function.name) for call in given.tool_calls} == {("1", "mail")}
    assert given.content == "-"


def test_what_needs_no_change_is_the_same_chunk() -> None:
    """A chunk that is decided wholly is given on as the object that came."""
    answer = AnswerFilter(RULES, _redact)
    for chunk in (
        Chunk(content="Hello. "),
        Chunk(thinking="Well: "),
        _calls({"to": "x."}),
        Chunk(embeddings=((0.1,),)),
        Chunk(done=True, done_reason="stop", eval_count=3, context=(1, 2)),
    ):
        assert answer.push(chunk) is chunk
    assert not answer.is_changed


def test_empty_chunks_are_left_out_and_log_probabilities_dropped() -> None:
    """A chunk that is held wholly comes later; its log probabilities would spell it."""
    answer = AnswerFilter(RULES, _redact)
    assert answer.push(Chunk(content="ab", logprobs=({"token": "ab"},))) is None
    given = answer.push(Chunk(content="! ", logprobs=({"token": "!"},)))
    assert given == Chunk(content="ab! ")
    last = answer.push(Chunk(content="cd", done=True, eval_count=4, done_reason="length"))
    assert last == Chunk(content="cd", done=True, eval_count=4, done_reason="length")


def test_the_context_of_a_changed_answer_is_dropped() -> None:
    """Token ids spell what was taken out; those of an unchanged answer stay."""
    assert Said(Chunk(content="hi"), Chunk(done=True, context=(1,))).chunks[-1].context == (1,)
    assert Said(Chunk(content=SECRET), Chunk(done=True, context=(1,))).chunks[-1].context == ()


def test_what_is_held_comes_with_the_models_name() -> None:
    """At an end without a last chunk, what was held is given as the model's."""
    answer = AnswerFilter(RULES, _redact)
    assert answer.push(Chunk(content="ab", model="llama3.2", created_at="now")) is None
    assert answer.flush() == Chunk(content="ab", model="llama3.2", created_at="now")
    assert answer.flush() is None


def test_nul_is_a_character_of_what_a_model_says() -> None:
    """U+0000 becomes U+FFFD: it can't pose as a boundary."""
    said = Said(Chunk(content="ab\0@cd.ef"), _calls({"k\0": "ab\0@cd.ef"}))
    assert said.content == "ab\ufffd@cd.ef"
    assert said.arguments == [{"k\ufffd": "ab\ufffd@cd.ef"}]

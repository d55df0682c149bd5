"""What the embedded engine reads and refuses."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedded_requests import (
    KEEP_ALIVE,
    MAX_INPUTS,
    MAX_TEXT,
    Body,
    Chat,
    Embed,
    Embeddings,
    Generate,
    Options,
    Refusal,
    Show,
    check,
    decode,
    wanted,
)


def _refusal(function: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        function(*arguments)
    return caught.value.status, caught.value.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, KEEP_ALIVE),
        (90, 90),
        (0.5, 0.5),
        (-1, -1),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("-1s", -1),
        ("0", 0),
    ],
)
def test_keep_alive_is_read_as_go_reads_it(value: Any, seconds: float) -> None:
    """Numbers are seconds, and texts are durations of Go's."""
    assert Body(keep_alive=value).seconds() == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-1", 'time: missing unit in duration "-1"'),
        ("soon", 'time: invalid duration "soon"'),
        ("", 'time: invalid duration ""'),
        ("5m ", 'time: invalid duration "5m "'),
    ],
)
def test_a_wrong_keep_alive_is_refused_in_gos_words(value: str, text: str) -> None:
    """A text that is no duration is a 400 with the words that Ollama's callers know."""
    assert _refusal(Body(keep_alive=value).seconds) == (400, text)


@pytest.mark.parametrize(
    ("options", "pieces", "reason"),
    [
        (Options(), ["one", " two", "\n\nthree", " "], "stop"),
        (Options(num_predict=2), ["one", " two"], "length"),
        (Options(num_predict=4), ["one", " two", "\n\nthree", " "], "length"),
        (Options(num_predict=-1), ["one", " two", "\n\nthree", " "], "stop"),
        (Options(stop=["three", "w"]), ["one", " t"], "stop"),
        (Options(stop=["one"]), [], "stop"),
        (Options(stop=["", "four"]), ["one", " two", "\n\nthree", " "], "stop"),
        (Options(num_predict=1, stop=["two"]), ["one"], "length"),
    ],
)
def test_an_answer_is_cut_as_asked(options: Options, pieces: list[str], reason: str) -> None:
    """The earliest stop sequence and the number of words end an answer."""
    assert options.pieces("one two\n\nthree ") == (pieces, reason)


@given(st.text())
def test_the_pieces_make_the_whole(text: str) -> None:
    """Joined again, the pieces of an uncut answer are the answer."""
    assert "".join(Options().pieces(text)[0]) == text


def test_only_the_last_text_of_the_users_is_the_question() -> None:
    """What others said, and what the user said before, does not count."""
    body = decode(
        b'{"messages":[{"role":"user","content":"a"},{"role":"User","content":"b"},'
        b'{"role":"assistant","content":"c"},{"role":"tool"}]}',
        Chat,
    )
    assert body.question() == "b"
    assert body.texts() == ["a", "b", "c", ""]
    assert Chat().question() == ""


@pytest.mark.parametrize(
    ("value", "texts"),
    [(None, []), ("", []), ([], []), ("a", ["a"]), (["a", ""], ["a", ""])],
)
def test_input_is_a_text_or_a_list_of_texts(value: Any, texts: list[str]) -> None:
    """One text or several may be embedded, or none."""
    assert Embed(input=value).texts() == texts


@pytest.mark.parametrize("value", [1, [1, 2], ["a", 1], [["a"]], {"a": 1}, True])
def test_input_of_another_type_is_refused(value: Any) -> None:
    """Token lists and all else are refused, as by Ollama."""
    assert _refusal(Embed(input=value).texts) == (400, "invalid input type")


def test_input_is_bounded() -> None:
    """A long text is shortened, or refused where the caller says so; too many are refused."""
    long = "a" * (MAX_TEXT + 1)
    assert Embed(input=long).texts() == Embed(input=long, truncate=True).texts() == [long[:-1]]
    status, text = _refusal(Embed(input=["a", long], truncate=False).texts)
    assert (status, text) == (400, "the input length exceeds the context length")
    status, text = _refusal(Embed(input=["a"] * (MAX_INPUTS + 1)).texts)
    assert (status, text) == (400, "too many inputs: send at most 2048 at once")


@pytest.mark.parametrize(
    ("form", "name", "status", "text"),
    [
        (Chat, "", 400, "model is required"),
        (Generate, "", 404, "model '' not found"),
        (Embed, None, 404, "model '' not found"),
        (Embeddings, "", 400, "model is required"),
        (Show, "", 400, "model is required"),
        (Chat, "llama3.2", 404, "model 'llama3.2' not found"),
        (Generate, "llama3.2", 404, "model 'llama3.2' not found"),
        (Embed, "x", 404, 'model "x" not found, try pulling it first'),
        (Embeddings, "x", 404, 'model "x" not found, try pulling it first'),
        (Show, "x", 404, "model 'x:latest' not found"),
        (Chat, "a b", 400, "invalid model name"),
        (Chat, "x" * 10_000, 400, "invalid model name"),
    ],
)
def test_a_missing_model_is_worded_as_the_endpoint_does(
    form: type[Body], name: str | None, status: int, text: str
) -> None:
    """Each endpoint has its own status and text for a model that is not there."""
    assert _refusal(wanted, form(model=name)) == (status, text)


def test_show_takes_the_old_word_for_a_model() -> None:
    """A model may be named by `name` where older clients do so."""
    assert wanted(Show(name="localai-embed")).name == "localai-embed"


_IMAGE = decode(b'{"messages":[{"images":["x"]}]}', Chat)


@pytest.mark.parametrize(
    ("body", "need"),
    [
        (Chat(tools=[{}]), "tools"),
        (Generate(suffix="x"), "insert"),
        (Generate(images=["x"]), "vision"),
        (_IMAGE, "vision"),
    ],
)
def test_a_capability_that_the_guide_lacks_is_refused(body: Chat | Generate, need: str) -> None:
    """Tools, images and insertion are refused, not ignored, in Ollama's words."""
    text = f"registry.ollama.ai/library/localai-guide:latest does not support {need}"
    assert _refusal(check, body) == (400, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (Chat(model="m", think=True), '"m" does not support thinking'),
        (Chat(model="m", think="high"), '"m" does not support thinking'),
        (Chat(model="m", format="xml"), 'invalid format: "xml"; expected "json" or a JSON schema'),
        (Generate(model="m", format={"type": "object"}), '"m" does not support a JSON schema'),
    ],
)
def test_what_the_guide_cannot_do_is_refused(body: Chat | Generate, text: str) -> None:
    """Thinking and formats other than plain JSON are refused, not ignored."""
    status, said = _refusal(check, body)
    assert status == 400
    assert said.startswith(text)


@pytest.mark.parametrize(
    "body",
    [
        Chat(tools=[], think=False, format=""),
        Chat(format="json"),
        Generate(suffix="", images=[], format=None),
    ],
)
def test_what_asks_for_nothing_special_is_let_through(body: Chat | Generate) -> None:
    """Empty values of these fields ask for nothing."""
    check(body)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "missing request body"),
        (b" \n", "missing request body"),
        (b'{"tools":' + b"[" * 100_000, "the request is nested too deeply"),
        (b'{"model":"\xff"}', "utf-8"),
        (b"[]", "Expected `object`"),
        (b'{"messages":[{"content":[]}]}', "$.messages[0].content"),
        (b'{"options":{"num_predict":"many"}}', "$.options.num_predict"),
    ],
)
def test_a_body_that_is_not_of_the_form_is_a_400(data: bytes, text: str) -> None:
    """A wrong body is refused with a text that says what is wrong."""
    status, said = _refusal(decode, data, Chat)
    assert status == 400
    assert text in said


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_fields = st.sampled_from(Chat.__struct_fields__ + Generate.__struct_fields__)


@given(st.dictionaries(_fields, _json) | _json, st.sampled_from([Chat, Generate]))
def test_any_json_is_read_or_refused(value: Any, form: type[Chat] | type[Generate]) -> None:
    """No JSON makes the reading fail in another way than by a refusal."""
    with suppress(Refusal):
        body = decode(json.dumps(value).encode(), form)
        check(body)
        body.seconds()
        (body.options or Options()).pieces(body.question() + " ".join(body.texts()))

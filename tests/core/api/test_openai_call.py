"""OpenAI's requests become calls: nothing is lost, and nothing is ignored in silence."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wire
from core.api import ollama_request
from core.api.body import decode
from core.api.openai_call import chat_call, completion_call, embedding_call
from core.api.openai_request import ChatRequest, CompletionRequest, EmbeddingRequest
from core.errors import InvalidRequest, UnsupportedParameter
from localai import Call, File, Message, Options, Principal

ME = Principal(id="me")
PNG = base64.b64encode(b"\x89PNG").decode()
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def _chat(messages: Any = None, **more: Any) -> Call:
    body = {"model": "m", "messages": messages or [{"role": "user", "content": "hi"}]} | more
    return chat_call(msgspec.convert(body, ChatRequest), ME, "req_1")


def _refusal(messages: Any = None, **more: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        _chat(messages, **more)
    return caught.value


# ---- every conversation survives the way to Ollama

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
name = st.text("abcdefgh_", min_size=1, max_size=8)
arguments = st.dictionaries(text, st.none() | st.booleans() | text | st.integers(-99, 99))
image = st.binary(min_size=1, max_size=9).map(lambda raw: base64.b64encode(raw).decode())
part = st.one_of(
    text.map(lambda said: {"type": "text", "text": said}),
    image.map(
        lambda data: {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    ),
)
tool_call = st.builds(
    lambda id, name, arguments: {
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    },
    st.uuids().map(lambda made: f"call_{made.hex}"),
    name,
    arguments,
)
message = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["system", "developer", "user"]),
        text | st.lists(part, max_size=3),
    ),
    st.builds(
        lambda content, calls, thought: {
            "role": "assistant",
            "content": content,
            "tool_calls": calls,
            "reasoning": thought,
        },
        st.none() | text,
        st.lists(tool_call, min_size=1, max_size=2),
        st.none() | text,
    ),
)


def _with_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer every tool call, as a client must."""
    whole = []
    for each in messages:
        whole.append(each)
        for call in each.get("tool_calls", ()):
            whole.append({"role": "tool", "tool_call_id": call["id"], "content": call["id"][:9]})
    return whole


def _meaning(messages: list[dict[str, Any]]) -> list[Any]:
    """What an OpenAI conversation says, in the terms of this test."""
    names = {
        call["id"]: call["function"]["name"]
        for each in messages
        for call in each.get("tool_calls", ())
    }
    said = []
    for each in messages:
        parts = each["content"] or ""
        if isinstance(parts, str):
            parts = [{"type": "text", "text": parts}]
        images = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        said.append(
            (
                "system" if each["role"] == "developer" else each["role"],
                "\n".join(part["text"] for part in parts if part["type"] == "text"),
                [url.partition(",")[2] for url in images],
                [
                    (
                        call["id"],
                        call["function"]["name"],
                        json.loads(call["function"]["arguments"]),
                    )
                    for call in each.get("tool_calls", ())
                ],
                each.get("reasoning") or "",
                each.get("tool_call_id", ""),
                names.get(each.get("tool_call_id", ""), ""),
            )
        )
    return said


def _understood(messages: tuple[Message, ...]) -> list[Any]:
    return [
        (
            each.role,
            each.content,
            list(each.images),
            [(call.id, call.function.name, call.function.arguments) for call in each.tool_calls],
            each.thinking,
            each.tool_call_id,
            each.tool_name,
        )
        for each in messages
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(message, min_size=1, max_size=6).map(_with_results))
async def test_every_conversation_survives_the_way_to_ollama_and_back(
    messages: list[dict[str, Any]],
) -> None:
    """OpenAI's body → call → Ollama's body → call says what the client said."""
    body = msgspec.json.encode({"model": "m", "messages": messages})
    call = chat_call(await decode(body, ChatRequest), ME, "req_1")
    path, sent = wire.request(call)
    back = ollama_request.chat_call(await decode(sent, ollama_request.ChatRequest), ME, "req_1")
    assert path == "/api/chat"
    assert _understood(call.messages) == _meaning(messages)
    assert _understood(back.messages) == _meaning(messages)


# ---- parameters


def test_sampling_parameters_take_ollamas_names() -> None:
    """Each parameter that both sides know is mapped, and what is absent is left to the model."""
    call = _chat(
        max_tokens=5,
        temperature=0,
        top_p=1,
        seed=7,
        presence_penalty=-2,
        frequency_penalty=2,
        stop="x",
    )
    assert call.options == Options(
        num_predict=5,
        temperature=0,
        top_p=1,
        seed=7,
        presence_penalty=-2,
        frequency_penalty=2,
        stop=("x",),
    )
    assert _chat().options == Options()
    assert _chat(stop=["a", "b"]).options.stop == ("a", "b")


def test_the_newer_name_of_the_token_limit_wins() -> None:
    """`max_completion_tokens`, which LangChain sends, counts before `max_tokens`."""
    assert _chat(max_completion_tokens=3).options.num_predict == 3
    assert _chat(max_completion_tokens=3, max_tokens=9).options.num_predict == 3


def test_the_call_knows_where_it_came_from() -> None:
    """Dialect, id, caller and stream are on the call."""
    call = _chat(stream=True)
    assert (call.kind, call.dialect, call.model, call.request_id) == (
        "chat",
        "openai",
        "m",
        "req_1",
    )
    assert call.principal is ME
    assert call.stream
    assert not _chat().stream
    assert not _chat(stream=None).stream


@pytest.mark.parametrize(
    ("asked", "think"),
    [("none", False), ("minimal", "low"), ("high", "high"), ("xhigh", "max"), ("ultra", "max")],
)
def test_effort_is_thinking(asked: str, think: bool | str) -> None:
    """`reasoning_effort` maps as in Ollama's own layer, in both spellings."""
    assert _chat(reasoning_effort=asked).think == think
    assert _chat(reasoning={"effort": asked}).think == think
    assert _chat().think is None


def test_an_unknown_effort_is_refused() -> None:
    """Efforts that nobody knows are named."""
    assert _refusal(reasoning_effort="huge").param == "reasoning_effort"


def test_response_formats() -> None:
    """`json_object` is JSON mode, `json_schema` its schema, `text` nothing."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    assert _chat(response_format=wanted).format == schema
    assert _chat(response_format={"type": "json_object"}).format == "json"
    assert _chat(response_format={"type": "text"}).format is None
    error = _refusal(response_format={"type": "json_schema", "json_schema": {"name": "n"}})
    assert error.param == "response_format.json_schema.schema"


def test_logprobs() -> None:
    """Log probabilities are asked of Ollama, and alternatives only together with them."""
    call = _chat(logprobs=True, top_logprobs=3)
    assert (call.logprobs, call.top_logprobs) == (True, 3)
    assert _refusal(top_logprobs=3).param == "top_logprobs"
    assert _refusal(top_logprobs=0, logprobs=False).param == "top_logprobs"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto"}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(more: dict[str, Any], param: str) -> None:
    """A parameter that would be ignored is a 400 that names it."""
    error = _refusal(**more)
    assert isinstance(error, UnsupportedParameter)
    assert (error.status, error.param, error.code) == (400, param, "unsupported_parameter")


@pytest.mark.parametrize(
    "more", [{"n": 1}, {"logit_bias": {}}, {"modalities": ["text"]}, {"n": None}, {"functions": []}]
)
def test_the_defaults_of_what_cannot_be_done_are_fine(more: dict[str, Any]) -> None:
    """A parameter that says what happens anyway is no error."""
    assert _chat(**more) == _chat()


def test_tools_are_passed_on_with_their_schema() -> None:
    """Tools reach the model as they came, and `tool_choice: none` keeps them from it."""
    assert _chat(tools=[WEATHER]).tools == (WEATHER,)
    assert _chat(tools=[WEATHER], tool_choice="auto").tools == (WEATHER,)
    assert _chat(tools=[WEATHER], tool_choice="none").tools == ()


# ---- messages


def test_a_tools_name_is_looked_up_from_its_id() -> None:
    """A result names its call by id only, so Ollama's `tool_name` comes from the call."""
    calls = [
        {"id": "1", "type": "function", "function": {"name": "sun", "arguments": "{}"}},
        {"id": "2", "type": "function", "function": {"name": "rain", "arguments": '{"a": 1}'}},
    ]
    call = _chat(
        [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "2", "content": "wet"},
            {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "hot"}]},
            {"role": "tool", "tool_call_id": "3", "name": "wind", "content": "calm"},
        ]
    )
    assert [each.tool_name for each in call.messages] == ["", "rain", "sun", "wind"]
    assert [each.content for each in call.messages] == ["", "wet", "hot", "calm"]
    assert call.messages[0].tool_calls[1].function.arguments == {"a": 1}


@pytest.mark.parametrize("given", ["{", "[]", '"x"', "1", "NaN", '{"a": 1}}', "[" * 5000])
def test_bad_arguments_of_a_tool_call_are_named(given: str) -> None:
    """Arguments that are no JSON object are a 400 with their path."""
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": given}}]
    error = _refusal([{"role": "assistant", "content": "", "tool_calls": calls}])
    assert error.param == "messages[0].tool_calls[0].function.arguments"


def test_a_message_without_content_needs_tool_calls() -> None:
    """`content: null` is for tool calls only."""
    assert _refusal([{"role": "user", "content": None}]).param == "messages[0].content"
    assert _refusal([{"role": "user"}]).param == "messages[0].content"


def test_the_parts_of_a_message_come_apart() -> None:
    """Texts are joined by lines; images keep their declared types, and files their names."""
    parts = [
        {
            "type": "file",
            "file": {"filename": "a.txt", "file_data": f"data:text/plain;base64,{PNG}"},
        },
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": f"data:;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "text", "text": "who?"},
    ]
    (message,) = _chat([{"role": "user", "content": parts}]).messages
    assert message == Message(
        role="user",
        content="what?\nwho?",
        images=(PNG, PNG),
        image_types=("", "image/png"),
        files=(File(name="a.txt", media_type="text/plain", data=PNG),),
    )


def test_images_without_types_say_nothing_of_types() -> None:
    """A message whose images declare no type is the one that Ollama's own clients send."""
    part = {"type": "image_url", "image_url": {"url": f"data:;base64,{PNG}"}}
    (message,) = _chat([{"role": "user", "content": [part]}]).messages
    assert message == Message(role="user", content="", images=(PNG,))


@pytest.mark.parametrize(
    ("part", "param", "says"),
    [
        ({"type": "image_url", "image_url": {"url": "http://x/"}}, "image_url.url", "not fetched"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file.file_id", "no files are kept"),
        ({"type": "file", "file": {}}, "file.file_data", "not valid base64"),
        ({"type": "input_file", "file_data": "AA=="}, "type", "Responses API"),
    ],
)
def test_a_part_that_is_refused_is_named(part: dict[str, Any], param: str, says: str) -> None:
    """The error names the message, the part and the field."""
    error = _refusal([{"role": "user", "content": [{"type": "text", "text": "x"}, part]}])
    assert error.param == f"messages[0].content[1].{param}"
    assert says in error.message


# ---- completions and embeddings


def _complete(**more: Any) -> Call:
    body = {"model": "m", "prompt": "once"} | more
    return completion_call(msgspec.convert(body, CompletionRequest), ME, "req_1")


def test_completions_are_ollamas_generate() -> None:
    """Prompt, suffix, sampling and logprobs are mapped."""
    call = _complete(suffix="end", max_tokens=4, logprobs=2, stream=True)
    assert (call.kind, call.prompt, call.suffix, call.stream) == ("generate", "once", "end", True)
    assert (call.options.num_predict, call.logprobs, call.top_logprobs) == (4, True, 2)
    assert _complete(prompt=["once"]).prompt == "once"
    assert _complete(logprobs=0).logprobs


@pytest.mark.parametrize(
    "more",
    [{"prompt": ["a", "b"]}, {"prompt": [1, 2]}, {"prompt": []}, {"n": 2}, {"best_of": 2}],
)
def test_completions_refuse_by_name(more: dict[str, Any]) -> None:
    """Several prompts, token ids and several answers are refused."""
    with pytest.raises(UnsupportedParameter) as caught:
        _complete(**more)
    assert caught.value.param == next(iter(more))


def _embed(**more: Any) -> Call:
    return embedding_call(msgspec.convert({"model": "m"} | more, EmbeddingRequest), ME, "req_1")


def test_embeddings_take_a_text_or_many() -> None:
    """One text and a list are both a tuple of inputs, and dimensions are passed on."""
    assert _embed(input="a").inputs == ("a",)
    assert _embed(input=["a", "b"], dimensions=8).inputs == ("a", "b")
    assert _embed(input="a", dimensions=8).dimensions == 8
    assert not _embed(input="a").stream


@pytest.mark.parametrize(
    ("given", "param"), [([1, 2, 3], "input"), ([[1, 2]], "input"), (["a", [1]], "input[1]")]
)
def test_token_ids_are_refused_with_the_way_out(given: Any, param: str) -> None:
    """LangChain's token arrays are a 400 that names the setting to change."""
    with pytest.raises(InvalidRequest, match="check_embedding_ctx_length=False") as caught:
        _embed(input=given)
    assert caught.value.param == param

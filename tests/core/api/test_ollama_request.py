"""What Ollama's clients send becomes a call, refused in Ollama's own words."""

import base64
from typing import Any

import msgspec
import pytest

from core.api.body import decode
from core.api.ollama_request import (
    MAX_INPUTS,
    ChatRequest,
    EmbeddingsRequest,
    EmbedRequest,
    GenerateRequest,
    ShowRequest,
    chat_call,
    embed_call,
    embeddings_call,
    generate_call,
    option_error,
)
from core.errors import InvalidRequest
from core.messages import Caching, Call, Function, Message, Options, ToolCall
from core.principal import Principal

ME = Principal(id="me")
PNG = base64.b64encode(b"\x89PNG").decode()
HELLO = {"role": "user", "content": "hi"}


def _chat(**more: Any) -> Call:
    body = {"model": "m", "messages": [HELLO]} | more
    return chat_call(msgspec.convert(body, ChatRequest), ME, "req_1")


def _generate(**more: Any) -> Call:
    body = {"model": "m", "prompt": "hi"} | more
    return generate_call(msgspec.convert(body, GenerateRequest), ME, "req_1")


def _embed(**more: Any) -> Call:
    return embed_call(msgspec.convert({"model": "m"} | more, EmbedRequest), ME, "req_1")


def test_a_chat_is_streamed_unless_it_says_no() -> None:
    """`stream` is true by default, and only false turns it off."""
    assert _chat().stream
    assert _chat(stream=None).stream
    assert not _chat(stream=False).stream


def test_messages_keep_all_that_they_say() -> None:
    """Roles are lower-cased; thinking, images, tool calls and tool results are kept."""
    call = _chat(
        messages=[
            {"role": "System", "content": "be brief"},
            {"role": "user", "content": "look", "images": [PNG]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [
                    {"id": "c1", "function": {"index": 1, "name": "f", "arguments": {"a": 1}}}
                ],
            },
            {"role": "tool", "content": "wet", "tool_name": "f", "tool_call_id": "c1"},
            {"role": "assistant"},
        ]
    )
    function = Function(name="f", arguments={"a": 1}, index=1)
    assert call.messages == (
        Message(role="system", content="be brief"),
        Message(role="user", content="look", images=(PNG,)),
        Message(
            role="assistant",
            content="",
            thinking="hm",
            tool_calls=(ToolCall(id="c1", function=function),),
        ),
        Message(role="tool", content="wet", tool_name="f", tool_call_id="c1"),
        Message(role="assistant", content=""),
    )


def test_the_fields_of_a_chat_reach_the_call() -> None:
    """Format, thinking, options, keep_alive and the rest are carried over."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    call = _chat(
        format={"type": "object"},
        think="high",
        keep_alive="5m",
        options={"num_ctx": 4096, "stop": ["x"], "temperature": 0.5, "mirostat": 1},
        tools=[tool],
        logprobs=True,
        top_logprobs=2,
        truncate=False,
        shift=False,
    )
    assert call.format == {"type": "object"}
    assert (call.think, call.keep_alive) == ("high", "5m")
    assert call.options == Options(num_ctx=4096, stop=("x",), temperature=0.5)
    assert call.tools == (tool,)
    assert (call.logprobs, call.top_logprobs, call.truncate, call.shift) == (True, 2, False, False)
    assert call.dialect == "ollama"


def test_the_fields_of_a_completion_reach_the_call() -> None:
    """System, template, context, suffix, raw and images are carried over."""
    call = _generate(system="s", template="t", context=[1, 2], suffix="e", images=[PNG])
    assert (call.kind, call.prompt, call.system, call.template) == ("generate", "hi", "s", "t")
    assert (call.context, call.suffix, call.images) == ((1, 2), "e", (PNG,))
    assert _generate(raw=True).raw


@pytest.mark.parametrize("value", ["json", "", None])
def test_formats_that_are_texts(value: str | None) -> None:
    """`json` is JSON mode; an empty text and null are none."""
    assert _chat(format=value).format == (value or None)


@pytest.mark.parametrize("value", [True, False, "low", "medium", "high", "max", None])
def test_thinking_is_a_switch_or_a_level(value: bool | str | None) -> None:
    """All values that Ollama knows are passed on."""
    assert _chat(think=value).think == value


@pytest.mark.parametrize(
    "value", [0, -1, 300, 0.5, "0", "5m", "1h30m", "-1m", "1.5s", "100ms", ".5s", "+1µs"]
)
def test_keep_alive_as_go_reads_it(value: float | str) -> None:
    """Numbers are seconds and texts are Go's durations."""
    assert _chat(keep_alive=value).keep_alive == value
    assert _embed(input="x", keep_alive=value).keep_alive == value


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: _chat(keep_alive="-1"), 'time: missing unit in duration "-1"'),
        (lambda: _chat(keep_alive="30"), 'time: missing unit in duration "30"'),
        (lambda: _chat(keep_alive="soon"), 'time: invalid duration "soon"'),
        (lambda: _chat(keep_alive=""), 'time: invalid duration ""'),
        (lambda: _embed(keep_alive="5 m"), 'time: invalid duration "5 m"'),
        (
            lambda: _chat(think="hard"),
            'invalid think value: "hard" (must be "high", "medium", "low", "max", true, or false)',
        ),
        (lambda: _chat(top_logprobs=21), "top_logprobs must be between 0 and 20"),
        (lambda: _generate(top_logprobs=-1), "top_logprobs must be between 0 and 20"),
        (
            lambda: _chat(format="xml"),
            'invalid format: "xml"; expected "json" or a valid JSON Schema object',
        ),
        (
            lambda: _generate(raw=True, system="x"),
            "raw mode does not support template, system, or context",
        ),
        (
            lambda: _generate(raw=True, context=[1]),
            "raw mode does not support template, system, or context",
        ),
        (lambda: _embed(input=1), "invalid input type"),
        (lambda: _embed(input=["a", 1]), "invalid input type"),
        (lambda: _embed(input=[[1, 2]]), "invalid input type"),
        (lambda: _embed(input={"a": "b"}), "invalid input type"),
        (lambda: _embed(input=["x"] * (MAX_INPUTS + 1)), f"more than {MAX_INPUTS} texts"),
        (
            lambda: _chat(messages=[HELLO | {"images": ["data:image/png;base64,AA=="]}]),
            "messages[0].images[0] is not valid base64",
        ),
        (lambda: _generate(images=["http://x/"]), "images[0] is not valid base64"),
        (lambda: _chat(tools=[{}]), "tools[0].function.name is required"),
        (lambda: _chat(tools=[{"function": {"name": 1}}]), "tools[0].function.name is required"),
    ],
)
def test_refusals_in_ollamas_words(make: Any, message: str) -> None:
    """What Ollama refuses is refused with its text."""
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_ctx": "x"}, 'option "num_ctx" must be of type integer'),
        ({"temperature": "x"}, 'option "temperature" must be of type float32'),
        ({"use_mmap": 1}, 'option "use_mmap" must be of type boolean'),
        ({"stop": "x"}, 'option "stop" must be of type array'),
        ({"stop": [1]}, 'option "stop" must be of type array'),
    ],
)
async def test_options_of_the_wrong_type(options: dict[str, Any], message: str) -> None:
    """A wrong option is said as Ollama says it."""
    body = msgspec.json.encode({"model": "m", "options": options})
    with pytest.raises(InvalidRequest) as caught:
        await decode(body, ChatRequest)
    assert option_error(caught.value).message == message


def test_other_errors_are_no_option_errors() -> None:
    """An error of another field stays as it is."""
    error = InvalidRequest("messages: expected 'array', got 'str'")
    assert option_error(error) is error


async def test_options_that_are_null_or_unknown_are_skipped() -> None:
    """`null` leaves the model's default, and unknown options are dropped."""
    body = b'{"model": "m", "options": {"num_ctx": null, "seed": 1, "color": "red"}}'
    request = await decode(body, ChatRequest)
    assert request.options == Options(seed=1)


@pytest.mark.parametrize("body", [{"messages": []}, {"messages": None}])
def test_a_chat_without_messages_only_loads(body: dict[str, Any]) -> None:
    """No messages mean loading, or unloading, and nothing else."""
    assert _chat(**body).loads_only
    assert not _chat().loads_only


def test_a_completion_without_a_prompt_only_loads() -> None:
    """No prompt means loading, also when there are images."""
    assert _generate(prompt="").loads_only
    assert _generate(prompt=None, images=[PNG]).loads_only
    assert not _generate().loads_only


@pytest.mark.parametrize(
    ("given", "inputs"),
    [("a", ("a",)), (["a", "b"], ("a", "b")), ("", ()), ([], ()), (None, ()), ([""], ("",))],
)
def test_embeddings_take_a_text_or_many(given: Any, inputs: tuple[str, ...]) -> None:
    """A text, a list and nothing are all understood."""
    call = _embed(input=given, dimensions=0, truncate=False)
    assert (call.inputs, call.dimensions, call.truncate) == (inputs, None, False)
    assert not call.stream


def test_the_older_embedding_takes_one_prompt() -> None:
    """Its prompt is the only input, and an empty one is none."""
    request = EmbeddingsRequest(model="m", prompt="a")
    assert embeddings_call(request, ME, "req_1").inputs == ("a",)
    request = EmbeddingsRequest(model="m", prompt="")
    assert embeddings_call(request, ME, "req_1").inputs == ()


async def test_show_knows_both_spellings() -> None:
    """`name`, which Continue and litellm send, is the older spelling of `model`."""
    assert (await decode(b'{"name": "m"}', ShowRequest)).name == "m"
    assert (await decode(b'{"model": "m"}', ShowRequest)).model == "m"


@pytest.mark.parametrize("make", [_chat, _generate, _embed])
def test_what_is_wanted_of_caches_reaches_the_call(make: Any) -> None:
    """The `cache` object is in the call of each kind, and nothing is wanted without it."""
    wish = {"no-cache": True, "no-store": True, "max-age": 60, "ttl": 5, "tags": ["a", "b"]}
    assert make(cache=wish).cache == Caching(
        no_cache=True, no_store=True, max_age=60, ttl=5, tags=("a", "b")
    )
    assert make().cache == Caching()


@pytest.mark.parametrize(
    "wish",
    [
        {"nocache": True},
        {"max-age": -1},
        {"ttl": 0.5},
        {"tags": ["x" * 65]},
        {"tags": ["x"] * 9},
        {"tags": [""]},
        "no-cache",
    ],
)
def test_a_wrong_wish_is_refused(wish: Any) -> None:
    """What nobody could mean is a mistake, not a wish that is left out."""
    with pytest.raises(msgspec.ValidationError):
        _chat(cache=wish)

"""What OpenAI's clients send is accepted, and what is out of bounds is named."""

from typing import Any

import msgspec
import pytest

from core.api.body import decode
from core.api.openai_request import (
    MAX_INPUTS,
    MAX_MESSAGES,
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    ImagePart,
    RefusalPart,
    TextPart,
)
from core.errors import InvalidRequest

MESSAGE = {"role": "user", "content": "hi"}
CHAT = {"model": "m", "messages": [MESSAGE]}


async def _chat(**more: Any) -> ChatRequest:
    return await decode(msgspec.json.encode(CHAT | more), ChatRequest)


async def test_fields_that_a_client_sends_and_nobody_needs_are_dropped() -> None:
    """Unknown fields, at every level, are no error, as with OpenAI."""
    request = await _chat(
        user="u",
        store=False,
        metadata={"a": "b"},
        service_tier="auto",
        messages=[MESSAGE | {"annotations": []}],
        stream_options={"include_usage": True, "include_obfuscation": False},
    )
    assert request.messages[0].content == "hi"
    assert request.stream_options is not None
    assert request.stream_options.include_usage is True


async def test_parts_are_told_apart_by_their_type() -> None:
    """Content may be text, image and refusal parts."""
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:;base64,AA==", "detail": "low"}},
        {"type": "refusal", "refusal": "no"},
    ]
    request = await _chat(messages=[{"role": "user", "content": content}])
    parts = request.messages[0].content
    assert isinstance(parts, list)
    assert [type(part) for part in parts] == [TextPart, ImagePart, RefusalPart]


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("messages", [], "messages"),
        ("messages", [MESSAGE] * (MAX_MESSAGES + 1), "messages"),
        ("messages", [{"content": "hi"}], "messages[0].role"),
        ("messages", [MESSAGE, {"role": "boss", "content": "hi"}], "messages[1].role"),
        ("messages", [{"role": "user", "content": 1}], "messages[0].content"),
        (
            "messages",
            [{"role": "user", "content": [{"type": "video"}]}],
            "messages[0].content[0].type",
        ),
        ("model", None, "model"),
        ("temperature", 2.1, "temperature"),
        ("temperature", -0.1, "temperature"),
        ("temperature", "warm", "temperature"),
        ("top_p", 1.01, "top_p"),
        ("max_tokens", 0, "max_tokens"),
        ("max_tokens", 1_000_001, "max_tokens"),
        ("max_completion_tokens", -1, "max_completion_tokens"),
        ("presence_penalty", 2.5, "presence_penalty"),
        ("frequency_penalty", -2.5, "frequency_penalty"),
        ("stop", ["1", "2", "3", "4", "5"], "stop"),
        ("stop", [1], "stop[0]"),
        ("n", 0, "n"),
        ("top_logprobs", 21, "top_logprobs"),
        ("seed", 1.5, "seed"),
        ("stream", "yes", "stream"),
        ("tools", [{"type": "function", "function": {"name": ""}}], "tools[0].function.name"),
        ("tools", [{"type": "retrieval", "function": {"name": "f"}}], "tools[0].type"),
        ("response_format", {"type": "yaml"}, "response_format.type"),
        ("logit_bias", {"1": "x"}, "logit_bias[...]"),
    ],
)
async def test_values_out_of_bounds_are_named(field: str, value: Any, param: str) -> None:
    """A bad value is a 400 whose `param` is its path."""
    with pytest.raises(InvalidRequest) as caught:
        await _chat(**{field: value})
    assert caught.value.param == param


@pytest.mark.parametrize("seed", [-(2**63), 0, 2**63 - 1])
async def test_every_64_bit_seed_is_taken(seed: int) -> None:
    """A seed is any signed 64-bit integer."""
    assert (await _chat(seed=seed)).seed == seed


@pytest.mark.parametrize("stop", ["x", ["x"], ["a", "b", "c", "d"], None])
async def test_stop_is_a_text_or_up_to_four(stop: Any) -> None:
    """Both spellings of stop are taken."""
    assert (await _chat(stop=stop)).stop == stop


async def test_completions_need_a_prompt() -> None:
    """The prompt is required, and so is a choice of at least one."""
    with pytest.raises(InvalidRequest) as caught:
        await decode(b'{"model": "m"}', CompletionRequest)
    assert caught.value.param == "prompt"
    with pytest.raises(InvalidRequest) as caught:
        await decode(b'{"model": "m", "prompt": "x", "best_of": 0}', CompletionRequest)
    assert caught.value.param == "best_of"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "m"}, "input"),
        ({"model": "m", "input": []}, "input"),
        ({"model": "m", "input": ["x"] * (MAX_INPUTS + 1)}, "input"),
        ({"model": "m", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"model": "m", "input": "x", "dimensions": 0}, "dimensions"),
    ],
)
async def test_embeddings_have_bounds(body: dict[str, Any], param: str) -> None:
    """Inputs are one to 2048, and what is out of bounds is named."""
    with pytest.raises(InvalidRequest) as caught:
        await decode(msgspec.json.encode(body), EmbeddingRequest)
    assert caught.value.param == param

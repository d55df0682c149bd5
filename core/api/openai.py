"""The OpenAI wire format: `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, models."""

from datetime import datetime
from typing import Any

import msgspec

from core.api.answer import answer, whole
from core.api.body import decode
from core.api.exchange import Exchange
from core.api.models import check_model
from core.api.openai_answer import ChatForm, CompletionForm, embeddings
from core.api.openai_call import chat_call, completion_call, embedding_call
from core.api.openai_request import ChatRequest, CompletionRequest, EmbeddingRequest
from core.api.routes import Operation
from core.errors import ModelNotFound
from core.principal import full_name


async def chat(exchange: Exchange) -> None:
    """Answer a conversation."""
    exchange.require_json()
    request = await decode(await exchange.body(), ChatRequest)
    check_model(exchange, request.model)
    call = chat_call(request, exchange.principal, exchange.request_id)
    form = ChatForm(
        call,
        usage=request.wants_usage,
        one_tool_call=request.parallel_tool_calls is False,
    )
    await answer(exchange, call, form)


async def complete(exchange: Exchange) -> None:
    """Continue a text."""
    exchange.require_json()
    request = await decode(await exchange.body(), CompletionRequest)
    check_model(exchange, request.model)
    call = completion_call(request, exchange.principal, exchange.request_id)
    form = CompletionForm(call, usage=request.wants_usage, echo=bool(request.echo))
    await answer(exchange, call, form)


async def embed(exchange: Exchange) -> None:
    """Embed one or more texts."""
    exchange.require_json()
    request = await decode(await exchange.body(), EmbeddingRequest)
    check_model(exchange, request.model)
    call = embedding_call(request, exchange.principal, exchange.request_id)
    vectors = await whole(exchange, call)
    body = embeddings(vectors, call, request.encoding_format)
    await exchange.send_json(body, headers=exchange.inference.headers())


async def models(exchange: Exchange) -> None:
    """List the models that the caller may use."""
    found, headers = await exchange.models()
    body = msgspec.json.encode({"object": "list", "data": [_model(each) for each in found]})
    await exchange.send_json(body, headers=headers)


async def model(exchange: Exchange) -> None:
    """Describe one model; its name may have `/` and `:`."""
    wanted = exchange.scope["path"].removeprefix("/v1/models/")
    check_model(exchange, wanted)
    found, headers = await exchange.models()
    for each in found:
        if full_name(each["name"]).lower() == full_name(wanted).lower():
            body = msgspec.json.encode(_model(each) | {"id": wanted})
            await exchange.send_json(body, headers=headers)
            return
    raise ModelNotFound(f"model '{wanted}' is not here: ollama pull {wanted}", param="model")


def _model(model: dict[str, Any]) -> dict[str, Any]:
    try:
        created = int(datetime.fromisoformat(model["modified_at"]).timestamp())
    except (KeyError, TypeError, ValueError):
        created = 0
    about = model.get("localai")  # what plugins list in the place of others
    made = {"id": model["name"], "object": "model", "created": created}
    return made | ({"owned_by": "localai", "localai": about} if about else {"owned_by": "library"})


_MODEL = {"id": "llama3.2:latest", "object": "model", "created": 1_760_000_000}
_USAGE = {"prompt_tokens": 26, "completion_tokens": 8, "total_tokens": 34}
_SSE = "text/event-stream"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/chat/completions",
        run=chat,
        kind="chat",
        scope="chat",
        tag="OpenAI",
        summary="Answer a conversation, streamed or not",
        body=ChatRequest,
        example={"model": "default", "messages": [{"role": "user", "content": "Hello!"}]},
        answer={
            "id": "chatcmpl-4f6a",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": "llama3.2",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello! How can I help?"},
                    "finish_reason": "stop",
                }
            ],
            "usage": _USAGE,
        },
        streams=_SSE,
        errors=(400, 404, 413, 415, 500, 502, 503, 504),
    ),
    Operation(
        method="POST",
        path="/v1/completions",
        run=complete,
        kind="generate",
        scope="chat",
        tag="OpenAI",
        summary="Continue a text",
        body=CompletionRequest,
        example={"model": "default", "prompt": "Once upon a time"},
        answer={
            "id": "cmpl-4f6a",
            "object": "text_completion",
            "created": 1_760_000_000,
            "model": "llama3.2",
            "choices": [{"text": " there was", "index": 0, "finish_reason": "stop"}],
            "usage": _USAGE,
        },
        streams=_SSE,
        errors=(400, 404, 413, 415, 500, 502, 503, 504),
    ),
    Operation(
        method="POST",
        path="/v1/embeddings",
        run=embed,
        kind="embed",
        scope="embeddings",
        tag="OpenAI",
        summary="Embed texts",
        body=EmbeddingRequest,
        example={"model": "localai-embed", "input": ["first text", "second text"]},
        answer={
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
            "model": "localai-embed",
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        },
        errors=(400, 404, 413, 415, 500, 502, 503, 504),
    ),
    Operation(
        method="GET",
        path="/v1/models",
        run=models,
        scope="models:read",
        tag="OpenAI",
        summary="List the models",
        answer={"object": "list", "data": [_MODEL | {"owned_by": "library"}]},
        errors=(502, 503, 504),
    ),
    Operation(
        method="GET",
        path="/v1/models/{model:path}",
        run=model,
        scope="models:read",
        tag="OpenAI",
        summary="Describe one model",
        answer=_MODEL | {"owned_by": "library"},
        errors=(400, 404, 502, 503, 504),
    ),
)

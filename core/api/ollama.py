"""Ollama's own wire format: `/`, `/api/chat`, `/api/generate`, `/api/embed`, listing."""

from typing import Any, TypeVar

from core.api import ollama_answer as form
from core.api import ollama_request as form_in
from core.api.answer import answer, whole
from core.api.body import decode
from core.api.dialects import ascii_json
from core.api.exchange import Exchange
from core.api.models import check_model
from core.api.routes import Operation
from core.errors import Forbidden, InvalidRequest, ModelNotFound, NotFound
from core.principal import full_name

T = TypeVar("T")


async def chat(exchange: Exchange) -> None:
    """Answer a conversation."""
    request = await _request(exchange, form_in.ChatRequest)
    check_model(exchange, request.model)
    call = form_in.chat_call(request, exchange.principal, exchange.request_id)
    # Loading and unloading are answered by one object, whatever `stream` says.
    call = call.replace(stream=False) if call.loads_only else call
    await answer(exchange, call, form.ChatForm(call))


async def generate(exchange: Exchange) -> None:
    """Continue a text."""
    request = await _request(exchange, form_in.GenerateRequest)
    _check_named(exchange, request.model)
    call = form_in.generate_call(request, exchange.principal, exchange.request_id)
    call = call.replace(stream=False) if call.loads_only else call
    await answer(exchange, call, form.GenerateForm(call))


async def embed(exchange: Exchange) -> None:
    """Embed one or more texts."""
    request = await _request(exchange, form_in.EmbedRequest)
    _check_named(exchange, request.model)
    call = form_in.embed_call(request, exchange.principal, exchange.request_id)
    vectors = await whole(exchange, call)
    await exchange.send_json(form.embed(vectors, call), headers=exchange.inference.headers())


async def embeddings(exchange: Exchange) -> None:
    """Embed one text, in the older form."""
    request = await _request(exchange, form_in.EmbeddingsRequest)
    check_model(exchange, request.model)
    call = form_in.embeddings_call(request, exchange.principal, exchange.request_id)
    vectors = await whole(exchange, call)
    await exchange.send_json(form.embeddings(vectors), headers=exchange.inference.headers())


async def tags(exchange: Exchange) -> None:
    """List the models that the caller may use."""
    found, headers = await exchange.models()
    await exchange.send_json(ascii_json({"models": found}), headers=headers)


async def ps(exchange: Exchange) -> None:
    """List the models in memory."""
    loaded = await exchange.generation.ollama.models.loaded()
    allowed = [model for model in loaded if exchange.principal.may_use(model.get("name", ""))]
    await exchange.send_json(ascii_json({"models": allowed}), headers=exchange.engine_header())


async def show(exchange: Exchange) -> None:
    """Describe a model."""
    request = await _request(exchange, form_in.ShowRequest)
    name = request.model or request.name
    check_model(exchange, name)
    shown = await _shown(exchange, name, verbose=bool(request.verbose))
    if shown.get("remote_host") or shown.get("remote_model"):
        raise Forbidden(f"model '{name}' runs in a cloud: use a local model", param="model")
    shown.setdefault("model_info", {})  # ollama's client requires it
    await exchange.send_json(ascii_json(shown), headers=exchange.engine_header())


async def _shown(exchange: Exchange, name: str, *, verbose: bool) -> dict[str, Any]:
    """Describe a model; one that plugins list in the place of others as the one it stands for."""
    models = exchange.generation.ollama.models
    try:
        return await models.show(name, verbose=verbose)
    except ModelNotFound:
        found, _ = await exchange.models()
        for each in found:
            about = each.get("localai")
            if about and full_name(each["name"]).lower() == full_name(name).lower():
                shown = await models.show(about["model"], verbose=verbose)
                changed = {"capabilities": each["capabilities"]} if "capabilities" in each else {}
                return shown | changed | {"localai": about}
        raise


async def version(exchange: Exchange) -> None:
    """Return the version of the Ollama behind the router; Open WebUI parses it as integers."""
    found = await exchange.generation.ollama.models.version()
    body = ascii_json({"version": found})
    await exchange.send_json(body, headers=exchange.engine_header())


async def status(exchange: Exchange) -> None:
    """Say that no cloud is used."""
    await exchange.send_json(ascii_json({"cloud": {"disabled": True, "source": "config"}}))


async def root(exchange: Exchange) -> None:
    """Say what Ollama says, which its clients look for."""
    body = b"Ollama is running"
    await exchange.start(200, b"text/plain; charset=utf-8", length=len(body))
    await exchange.write(body, more=False)


async def closed(exchange: Exchange) -> None:
    """Refuse to change models: whoever may call a model need not be who may replace it."""
    raise Forbidden(
        "models can't be changed through this router: use ollama on the machine itself",
        code="management_closed",
    )


async def _request(exchange: Exchange, kind: type[T]) -> T:
    body = await exchange.body()
    if not body:
        raise InvalidRequest("missing request body")
    try:
        return await decode(body, kind)
    except InvalidRequest as error:
        raise form_in.option_error(error) from None


def _check_named(exchange: Exchange, model: str) -> None:
    if not model:  # these two endpoints of Ollama's look an empty name up
        raise NotFound("model '' not found", param="model")
    check_model(exchange, model)


_STAMP = {"model": "llama3.2", "created_at": "2026-11-20T14:00:00.123456789Z"}
_DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 8}
_TAG = {"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 2_019_393_189}
_NDJSON = "application/x-ndjson"
_INFERENCE_ERRORS = (400, 403, 404, 413, 415, 500, 502, 503, 504)


def _post(path: str, run: Any, scope: str, summary: str, **more: Any) -> Operation:
    more.setdefault("errors", _INFERENCE_ERRORS)
    return Operation(
        method="POST", path=path, run=run, scope=scope, tag="Ollama", summary=summary, **more
    )


def _get(path: str, run: Any, scope: str | None, summary: str, **more: Any) -> Operation:
    return Operation(
        method="GET", path=path, run=run, scope=scope, tag="Ollama", summary=summary, **more
    )


OPERATIONS = (
    _get("/", root, None, "Say that the server runs"),
    _post(
        "/api/chat",
        chat,
        "chat",
        "Answer a conversation, streamed or not",
        kind="chat",
        body=form_in.ChatRequest,
        example={"model": "default", "messages": [{"role": "user", "content": "Hello!"}]},
        answer=_STAMP | {"message": {"role": "assistant", "content": "Hello!"}} | _DONE,
        streams=_NDJSON,
    ),
    _post(
        "/api/generate",
        generate,
        "chat",
        "Continue a text, streamed or not",
        kind="generate",
        body=form_in.GenerateRequest,
        example={"model": "default", "prompt": "Why is the sky blue?", "stream": False},
        answer=_STAMP | {"response": "Because of Rayleigh scattering."} | _DONE,
        streams=_NDJSON,
    ),
    _post(
        "/api/embed",
        embed,
        "embeddings",
        "Embed texts",
        kind="embed",
        body=form_in.EmbedRequest,
        example={"model": "localai-embed", "input": ["first text", "second text"]},
        answer={"model": "localai-embed", "embeddings": [[0.1, 0.2], [0.3, 0.4]]},
    ),
    _post(
        "/api/embeddings",
        embeddings,
        "embeddings",
        "Embed one text (older form)",
        kind="embed",
        body=form_in.EmbeddingsRequest,
        example={"model": "localai-embed", "prompt": "a text"},
        answer={"embedding": [0.1, 0.2]},
    ),
    _post(
        "/api/show",
        show,
        "models:read",
        "Describe a model",
        body=form_in.ShowRequest,
        example={"model": "localai-guide"},
        answer={"details": {"family": "llama"}, "model_info": {}, "capabilities": ["completion"]},
    ),
    _get(
        "/api/tags",
        tags,
        "models:read",
        "List the models",
        answer={"models": [_TAG]},
        errors=(502, 503, 504),
    ),
    _get(
        "/api/ps",
        ps,
        "models:read",
        "List the models in memory",
        answer={"models": [_TAG]},
        errors=(502, 503, 504),
    ),
    _get(
        "/api/version",
        version,
        "models:read",
        "Return Ollama's version",
        answer={"version": "0.32.15"},
        errors=(502, 503, 504),
    ),
    _get(
        "/api/status",
        status,
        "models:read",
        "Say that no cloud is used",
        answer={"cloud": {"disabled": True, "source": "config"}},
    ),
    *(
        Operation(
            method=method,
            path=path,
            run=closed,
            scope="admin:models",
            tag="Ollama",
            summary="Closed here: answers 403",
            errors=(403,),
        )
        for method, path in (
            ("POST", "/api/pull"),
            ("POST", "/api/push"),
            ("POST", "/api/create"),
            ("POST", "/api/copy"),
            ("DELETE", "/api/delete"),
            ("HEAD", "/api/blobs/{digest:str}"),
            ("POST", "/api/blobs/{digest:str}"),
        )
    ),
)

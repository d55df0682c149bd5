"""Endpoints that only tell: `/`, version, status, tags, ps, show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.double.common import find, not_found, read
from tests.double.failures import Failure
from tests.double.go import dumps, omit_empty, quote, timestamp
from tests.double.models import Model
from tests.double.names import parse
from tests.double.requests import SHOW
from tests.double.wire import JSON_UTF8, Wire

if TYPE_CHECKING:
    from tests.double.scheduler import Runner
    from tests.double.server import OllamaDouble

_LONGEST = 5
"""Elements of an array above which it is shown only if `verbose`."""
_NAMESPACES = ("general", "tokenizer")
"""Keys that do not belong to a family."""


async def root(server: OllamaDouble, wire: Wire) -> None:
    """Say that the server runs."""
    await wire.send(200, b"Ollama is running", "text/plain; charset=utf-8")


async def version(server: OllamaDouble, wire: Wire) -> None:
    """Tell the version."""
    await wire.send(200, dumps({"version": server.version}), JSON_UTF8)


async def status(server: OllamaDouble, wire: Wire) -> None:
    """Tell whether cloud models are off."""
    cloud = {
        "disabled": server.cloud_disabled,
        "source": "env" if server.cloud_disabled else "none",
    }
    await wire.send(200, dumps({"cloud": cloud}), JSON_UTF8)


async def tags(server: OllamaDouble, wire: Wire) -> None:
    """List the installed models, the newest first."""
    models = [_tag(server, model) for model in server.models]
    await wire.send(200, dumps({"models": models}), JSON_UTF8)


def _tag(server: OllamaDouble, model: Model) -> dict[str, Any]:
    details = details_of(model)
    if server.modern:
        details |= omit_empty(
            context_length=model.context_length, embedding_length=model.embedding_length
        )
    return {
        "name": model.short,
        "model": model.short,
        **omit_empty(remote_model=model.remote_model, remote_host=model.remote_host),
        "modified_at": timestamp(model.modified_ns, server.zone),
        "size": model.size,
        "digest": model.digest,
        "details": details,
        **omit_empty(capabilities=model.capabilities if server.modern else ()),
    }


def details_of(model: Model) -> dict[str, Any]:
    """Describe a model as every listing does."""
    return {
        "parent_model": "",
        "format": "gguf",
        "family": model.family,
        "families": [model.family],
        "parameter_size": model.parameter_size,
        "quantization_level": model.quantization,
    }


async def ps(server: OllamaDouble, wire: Wire) -> None:
    """List the loaded models, the longest-lived first."""
    runners = sorted(server.scheduler.loaded.values(), key=lambda r: -r.expires_at_ns)
    models = [_loaded(server, runner) for runner in runners]
    await wire.send(200, dumps({"models": models}), JSON_UTF8)


def _loaded(server: OllamaDouble, runner: Runner) -> dict[str, Any]:
    model = runner.model
    size = model.loaded_size or model.size
    return {
        "name": model.short,
        "model": model.short,
        "size": size,
        "digest": model.digest,
        "details": details_of(model),
        "expires_at": timestamp(runner.expires_at_ns, server.zone),
        "size_vram": size if model.vram_size is None else model.vram_size,
        "context_length": runner.options["num_ctx"],
    }


async def show(server: OllamaDouble, wire: Wire) -> None:
    """Describe one model."""
    request = read(wire, SHOW)
    answer = await describe(
        server, wire, request.get("model") or request.get("name") or "", request
    )
    await wire.send(200, dumps(answer), JSON_UTF8)


async def describe(
    server: OllamaDouble, wire: Wire, asked: str, request: dict[str, Any]
) -> dict[str, Any]:
    """Make the answer of show."""
    required = Failure(400, "model is required")
    model = await find(server, wire, asked, required, not_found(parse(asked.strip()).short))
    return {
        **omit_empty(
            license=model.license,
            modelfile=_modelfile(model),
            parameters=_parameters(model),
            template=model.template,
            system=request.get("system") or model.system,
        ),
        "details": details_of(model),
        **omit_empty(remote_model=model.remote_model, remote_host=model.remote_host),
        "model_info": _info(model, bool(request.get("verbose"))),
        **omit_empty(tensors=_tensors(model)),
        **omit_empty(capabilities=model.capabilities),
        "modified_at": timestamp(model.modified_ns, server.zone),
    }


def _parameters(model: Model) -> str:
    lines = []
    for key, value in model.parameters.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            shown = quote(item) if isinstance(item, str) else dumps(item).decode()
            lines.append(f"{key:<30} {shown}")
    return "\n".join(lines)


def _modelfile(model: Model) -> str:
    head = '# Modelfile generated by "ollama show"\n# To build a new Modelfile based on this, '
    return f"{head}replace FROM with:\n# FROM {model.short}\n\nFROM sha256-{model.digest}\n"


def _info(model: Model, verbose: bool) -> dict[str, Any]:
    family = model.family
    numbers = {
        "general.file_type": 1,
        "general.parameter_count": model.parameter_count,
        "general.quantization_version": 2,
        f"{family}.attention.head_count": 2,
        f"{family}.block_count": 1,
        f"{family}.context_length": model.context_length,
        f"{family}.embedding_length": model.embedding_length,
        f"{family}.vocab_size": 335,
    }
    tokens = [f"<0x{byte:02X}>" for byte in range(256)] if verbose else []
    pooling = {f"{family}.pooling_type": 1} if model.pooling else {}
    words = {"general.architecture": family, "tokenizer.ggml.model": "llama"}
    info = {**numbers, **words, **pooling, "tokenizer.ggml.tokens": tokens}
    for key, value in model.info.items():
        full = key if key.partition(".")[0] in _NAMESPACES else f"{family}.{key}"
        is_long = isinstance(value, list | tuple) and len(value) > _LONGEST
        info[full] = [] if is_long and not verbose else value
    # Go writes a map's keys in order.
    return dict(sorted(info.items()))


def _tensors(model: Model) -> list[dict[str, Any]]:
    if model.remote_host:
        return []
    shapes = {"token_embd.weight": (model.embedding_length, 335), **model.tensors}
    return [{"name": name, "type": "F16", "shape": list(shapes[name])} for name in shapes]

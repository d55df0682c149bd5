"""What several endpoints do in the same way: read a body, find the model, run it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.double.decode import DecodeError, EmptyError, Struct, decode
from tests.double.failures import CLOUD_DISABLED, Failure, Finished
from tests.double.go import dumps, quote
from tests.double.models import Model
from tests.double.names import BadNameError, BothSourcesError, NoNameError, refer
from tests.double.scheduler import Runner, check_options
from tests.double.wire import JSON_UTF8, Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

_SIGN_IN = "https://ollama.com/connect?name=double&key=none"


def read(wire: Wire, struct: Struct) -> dict[str, Any]:
    """Decode the request's body, or answer 400."""
    try:
        return decode(wire.received.body, struct)
    except EmptyError:
        raise Failure(400, "missing request body") from None
    except DecodeError as error:
        raise Failure(400, str(error)) from None


async def find(
    server: OllamaDouble, wire: Wire, asked: str, empty: Failure, missing: Failure
) -> Model:
    """Look the asked model up; raise what the endpoint says for an empty or unknown name."""
    try:
        reference = refer(asked)
    except NoNameError:
        raise empty from None
    except (BadNameError, BothSourcesError) as error:
        raise Failure(400, str(error)) from None
    if reference.cloud:
        await send_away(server, wire)
    model = server.models.find(reference.name)
    if model is None:
        raise missing
    return model


async def send_away(server: OllamaDouble, wire: Wire) -> None:
    """Do as Ollama does when a model is not local; `server.leaked` keeps what would leave."""
    if server.cloud_disabled:
        raise Failure(403, CLOUD_DISABLED)
    server.leaked.append(wire.received)
    body = dumps({"error": "unauthorized", "signin_url": _SIGN_IN})
    await wire.send(401, body, JSON_UTF8)
    raise Finished


def not_found(asked: str) -> Failure:
    """404 as most endpoints say it."""
    return Failure(404, f"model '{asked}' not found")


def not_pulled(asked: str) -> Failure:
    """404 as the embedding endpoints say it."""
    return Failure(404, f"model {quote(asked)} not found, try pulling it first")


def require(model: Model, asked: str, verb: str, *capabilities: str) -> None:
    """Refuse a model that can't complete, or lacks another capability."""
    if not model.can("completion"):
        raise Failure(400, f"{quote(asked)} does not support {verb}")
    lacking = [each for each in capabilities if not model.can(each)]
    if lacking:
        name = f"{model.full_name} does not support "
        raise Failure(400, name + "\n".join(lacking))


def may_think(model: Model, asked: str, think: bool | str | None) -> bool:
    """Decide whether the model thinks: those that can do so unless told not to."""
    if not model.can("thinking"):
        if think:
            raise Failure(400, f"{quote(asked)} does not support thinking")
        return False
    return think is None or bool(think)


def check_top_logprobs(request: Mapping[str, Any]) -> None:
    """Refuse a count of alternatives outside 0 to 20."""
    if not 0 <= (request.get("top_logprobs") or 0) <= 20:
        raise Failure(400, "top_logprobs must be between 0 and 20")


@asynccontextmanager
async def loaded(
    server: OllamaDouble, model: Model, request: Mapping[str, Any]
) -> AsyncIterator[Runner]:
    """Hold a runner that has the request's options."""
    options = request.get("options") or {}
    check_options(options)
    runner = server.scheduler.runner(
        model, options, request.get("keep_alive"), request.get("shift")
    )
    async with runner as held:
        yield held


def now() -> int:
    """The monotonic time in nanoseconds, for durations."""
    return time.perf_counter_ns()

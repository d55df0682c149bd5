"""Endpoints for those who run the router: health, reload, and the documentation."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.api.exchange import Exchange
from core.api.routes import Operation
from core.errors import GatewayError, InvalidRequest, SettingsError, ShuttingDown, Unavailable

if TYPE_CHECKING:
    from core.gateway import Gateway

HEALTH_TIMEOUT = 3.0
"""Seconds that Ollama may take to say which models it has loaded."""


def operations(gateway: "Gateway") -> tuple[Operation, ...]:
    """Return the endpoints, bound to the gateway that they report on."""

    async def live(exchange: Exchange) -> None:
        await exchange.send_json(b'{"status":"live"}')

    async def ready(exchange: Exchange) -> None:
        generation = exchange.generation
        if gateway.draining:
            raise ShuttingDown("the router shuts down", retry_after=5)
        plugins_ready, _ = await generation.health()
        if not plugins_ready:
            raise Unavailable("a plugin is not ready: the log and GET /health say which")
        if not generation.ollama.hosts.uses_embedded:
            hosts = await generation.ollama.hosts.report()
            if not any(host["answers"] for host in hosts):
                raise generation.ollama.hosts.unreachable()
        await exchange.send_json(b'{"status":"ready"}')

    async def health(exchange: Exchange) -> None:
        await exchange.send_json(msgspec.json.encode(await _report(exchange, gateway)))

    async def reload(exchange: Exchange) -> None:
        await exchange.body()
        try:
            await gateway.reload("POST /admin/reload")
        except SettingsError as error:
            raise InvalidRequest(_without_folder(str(error)), code="bad_settings") from None
        await exchange.send_json(msgspec.json.encode({"generation": gateway.generation}))

    def operation(method: str, path: str, run: Any, scope: str | None, summary: str, **more: Any):  # type: ignore[no-untyped-def]
        return Operation(
            method=method, path=path, run=run, scope=scope, tag="Router", summary=summary, **more
        )

    return (
        operation(
            "GET", "/health/live", live, None, "Is the process alive?", answer={"status": "live"}
        ),
        operation(
            "GET",
            "/health/ready",
            ready,
            None,
            "Can requests be served?",
            answer={"status": "ready"},
            errors=(503,),
        ),
        operation(
            "GET",
            "/health",
            health,
            "models:read",
            "What runs: generation, plugins, engine, hosts, loaded models",
            answer={"status": "ready", "generation": 1, "engine": "ollama", "plugins": []},
        ),
        operation(
            "POST",
            "/admin/reload",
            reload,
            "admin:config",
            "Apply localai.toml as it is now",
            answer={"generation": 2},
            errors=(400,),
        ),
    )


async def _report(exchange: Exchange, gateway: "Gateway") -> dict[str, Any]:
    generation = exchange.generation
    ollama = generation.ollama
    plugins_ready, reports = await generation.health()
    loaded: list[str] = []
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT):
            names = [model["name"] for model in await ollama.models.loaded()]
            loaded = [name for name in names if exchange.principal.may_use(name)]
    except (GatewayError, TimeoutError, KeyError):
        pass  # `hosts` says that nothing answers
    hosts = await ollama.hosts.report()
    serves = ollama.hosts.uses_embedded or any(host["answers"] for host in hosts)
    ready = plugins_ready and serves and not gateway.draining
    return {
        "status": "draining" if gateway.draining else "ready" if ready else "not ready",
        "generation": gateway.generation,
        "engine": "embedded" if ollama.hosts.uses_embedded else "ollama",
        "hosts": hosts,
        "loaded_models": loaded,
        "running_requests": gateway.running,
        "plugins": [
            {
                "name": plugin.name,
                "fail_mode": plugin.fail_mode,
                **({"report": reports[plugin.name]} if plugin.name in reports else {}),
            }
            for plugin in generation.plugins
        ],
        "reload_error": _without_folder(gateway.reload_error) if gateway.reload_error else None,
    }


def _without_folder(message: str) -> str:
    """Return a message about the settings with the file's name only."""
    name, colon, rest = message.partition(":")
    return f"{Path(name).name}{colon}{rest}".replace(f"{Path(name).parent}/", "")

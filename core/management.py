"""Listing and describing models, through the `ollama` package.

It is imported on first use, off the event loop: with pydantic it takes 0.2 s and 14 MB.
"""

import asyncio
import importlib
import logging
from typing import Any

import aiohttp

from core.errors import UpstreamInvalid, UpstreamTimeout
from core.failures import from_response
from core.hosts import Hosts
from core.local import LocalOnly
from core.principal import full_name

READ_TIMEOUT = 30.0
"""Seconds for an answer about models; a list of hundreds takes a fraction of one."""


class Management:
    """Ollama's management calls. Answers are its own objects, with no key dropped."""

    def __init__(self, hosts: Hosts, local: LocalOnly, connect_timeout: float) -> None:
        self._hosts = hosts
        self._local = local
        self._connect_timeout = connect_timeout
        self._clients: dict[str, Any] = {}
        self._importing = asyncio.Lock()

    @property
    def source(self) -> str:
        """Where models are asked for now: another host, or the embedded engine, has others."""
        return self._hosts.current

    async def installed(self) -> list[dict[str, Any]]:
        """Return the local models, newest first; those that run in a cloud are left out."""
        answer = await self._request("GET", "/api/tags")
        return [
            model
            for model in _models(answer)
            if not (model.get("remote_host") or model.get("remote_model"))
        ]

    async def identities(self) -> list[dict[str, Any]]:
        """Return `name`, `digest` and `details.format` of the local models, with little effort.

        Unlike all other calls here it costs a fraction of a millisecond: no package is imported.
        """
        try:
            listed = await self._local.models(self._hosts.current)
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise self._hosts.unreachable() from None
        return [
            {"name": each.name, "digest": each.digest, "details": {"format": each.details.format}}
            for each in listed
            if not each.is_remote
        ]

    async def loaded(self, host: str = "") -> list[dict[str, Any]]:
        """Return the models in memory, the one that stays longest first.

        Of one host, if it is given; else of the one that answers, as in all calls here.
        """
        return _models(await self._request("GET", "/api/ps", host))

    async def has_answered(self, model: str, host: str = "") -> bool:
        """Say whether a model has finished an answer since it was loaded.

        Ollama lists a model also while it loads it. Its expiry is then now plus `keep_alive`,
        which differs between two looks; an answer's end fixes it.
        """
        name = full_name(model).lower()
        first, second = [
            {each["name"].lower(): each.get("expires_at") for each in await self.loaded(host)}
            for _ in range(2)
        ]
        return name in first and first[name] == second.get(name)

    async def show(self, model: str, *, verbose: bool = False) -> dict[str, Any]:
        """Return everything about a model; raise `ModelNotFound`."""
        return await self._request("POST", "/api/show", json={"model": model, "verbose": verbose})

    async def version(self) -> str:
        """Return Ollama's version, digits and dots."""
        return str((await self._request("GET", "/api/version")).get("version", "0.0.0"))

    async def close(self) -> None:
        """Close the clients' pools."""
        for client in self._clients.values():
            await client.close()

    async def _request(
        self, method: str, path: str, host: str = "", **arguments: Any
    ) -> dict[str, Any]:
        url: str | None = host or self._hosts.current
        while url is not None:
            client = await self._client(url)
            try:
                answer = await client.fetch(method, path, **arguments)
            except ConnectionError:
                url = await self._hosts.failed(url) if not host else None
                continue
            if isinstance(answer, dict):
                return answer
            raise UpstreamInvalid("Ollama's answer is not an object: check [ollama] hosts")
        raise self._hosts.unreachable(host)

    async def _client(self, url: str) -> Any:
        if url not in self._clients:
            async with self._importing:
                package = await asyncio.to_thread(_client_class)
                self._clients.setdefault(url, package(url, self._connect_timeout))
        return self._clients[url]


def _client_class() -> Any:
    ollama = importlib.import_module("ollama")
    httpx = importlib.import_module("httpx")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes a line for every request

    class Client(ollama.AsyncClient):  # type: ignore[misc,name-defined]
        """The package's client, bounded in time, with answers whole and failures ours."""

        def __init__(self, url: str, connect_timeout: float) -> None:
            timeout = httpx.Timeout(READ_TIMEOUT, connect=connect_timeout)
            super().__init__(url, timeout=timeout, follow_redirects=False, trust_env=False)
            # It would send $OLLAMA_API_KEY to any host.
            self._client.headers.pop("authorization", None)

        async def fetch(self, method: str, path: str, **arguments: Any) -> Any:
            try:
                return await self._request(dict, method, path, **arguments)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise ConnectionError(str(error)) from None
            except httpx.TimeoutException:
                raise UpstreamTimeout(f"Ollama did not answer in {READ_TIMEOUT:g} s") from None
            except (httpx.HTTPError, ValueError, TypeError):
                raise UpstreamInvalid(
                    "what answers at Ollama's address is not Ollama: check [ollama] hosts"
                ) from None

        async def _request_raw(self, *arguments: Any, **more: Any) -> Any:
            # The package's own takes whatever text a failed answer has for Ollama's.
            response = await self._client.request(*arguments, **more)
            if response.status_code != 200:
                model = more.get("json", {}).get("model", "")
                raise from_response(response.status_code, response.content, model, "show")
            return response

    return Client


def _models(answer: dict[str, Any]) -> list[dict[str, Any]]:
    models = answer.get("models") or []
    if not isinstance(models, list) or not all(
        isinstance(model, dict) and isinstance(model.get("name"), str) for model in models
    ):
        raise UpstreamInvalid("Ollama's list of models is not one: check [ollama] hosts")
    return models

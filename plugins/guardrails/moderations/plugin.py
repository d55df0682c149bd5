"""`POST /v1/moderations`: what the other guards would find in a text. Fails closed.

In OpenAI's shape, so that its clients can ask. Nothing is kept, and no model is asked.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from msgspec import Meta, Struct

from localai import Gateway, InvalidRequest, hookimpl, read_json
from plugins.guardrails.moderations.forms import (
    Moderation,
    ModerationRequest,
    Result,
    inputs_of,
    result_of,
)
from plugins.guardrails.moderations.images import check_image
from plugins.guardrails.moderations.judge import Judge
from plugins.guardrails.pii.entities.catalogue import select

PATH = "/v1/moderations"
MODEL = "localai-guardrails"
"""What the answer calls the rules that judge."""

Limit = Annotated[int, Meta(ge=1)]


class Moderations:
    """Answers `POST /v1/moderations`."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.moderations]."""

        entities: tuple[str, ...] = ("secrets", "financial", "crypto", "contact", "ip", "us_ssn")
        """Entities and groups that are looked for, by their names in [plugins.guardrails.pii]."""
        threshold: Annotated[float, Meta(ge=0, le=1)] = 0.7
        """Score from which signs of injection are flagged."""
        max_inputs: Limit = 128
        """Most texts or parts in a request."""
        max_characters: Limit = 100_000
        """Most characters of all texts of a request."""
        concurrent: Limit = 2
        """Most requests that are judged at the same time; the others wait."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._entities = select(config.entities)
        self._judge: Judge | None = None
        self._making = asyncio.Lock()
        self._turn = asyncio.Semaphore(config.concurrent)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve the endpoint."""

        @post(
            PATH,
            opt={"scope": "chat", "body": ModerationRequest},
            media_type="application/json",
            status_code=200,
            tags=["OpenAI"],
            summary="Say what guards would find in a text",
        )
        async def moderate(request: Request[Any, Any, Any]) -> Response[bytes]:
            """Judge a text, several texts, or the parts of one: personal data (`pii/…`), `secrets`
            and signs of prompt injection (`injection/…`). OpenAI's own categories are in the
            answer and always false, and images are not judged."""
            asked = await read_json(request, ModerationRequest)
            answer = Moderation(
                id=f"modr-{secrets.token_hex(16)}", model=MODEL, results=await self._results(asked)
            )
            return Response(msgspec.json.encode(answer), media_type="application/json")

        return [moderate]

    async def _results(self, asked: ModerationRequest) -> list[Result]:
        config = self._config
        inputs = inputs_of(asked, most=config.max_inputs, longest=config.max_characters)
        for each in inputs:
            for param, url in each.images:
                problem = check_image(url)
                if problem is not None:
                    raise InvalidRequest(f"{param} {problem}", param=param)
        async with self._turn:
            judge = await self._judging()
            results = []
            for each in inputs:
                scores, flagged = await judge.judge(each.texts)
                results.append(result_of(scores, flagged, has_text=bool(each.texts)))
        return results

    async def _judging(self) -> Judge:
        """Return the judge, made when it is first needed: its rules take memory and time."""
        async with self._making:
            if self._judge is None:
                self._judge = await asyncio.to_thread(
                    Judge, self._entities, threshold=self._config.threshold
                )
            return self._judge

"""The same request to another model as well, whose answer nobody is given.

What is asked so is asked as the router itself, when nobody else waits, and of one model only; it is
no cost of the caller's, and is kept nowhere.
"""

import asyncio
import contextvars
import time
from contextlib import aclosing

import structlog

from localai import Caching, Call, GatewayError, Handler
from plugins.routing.experiments.tally import ShadowTally

log = structlog.get_logger("experiments")

LARGEST = 1_000_000
"""Characters of texts, images and files of a request above which it has no shadow: it is held for
as long as the shadow waits."""


class Shadows:
    """Asks in tasks of its own, so many at a time, each for so long."""

    def __init__(self, *, running: int, deadline: float) -> None:
        self._most = running
        self._deadline = deadline
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def cast(self, call: Call, model: str, next: Handler, tally: ShadowTally) -> None:
        """Begin to ask a model the same, unless too much is asked so already."""
        if len(self._tasks) >= self._most:
            tally.outcomes["too_many"] += 1
            return
        if _size(call) > LARGEST:
            tally.outcomes["too_large"] += 1
            return
        shadow = call.apart(
            model=model,
            stream=True,
            principal=call.principal.on_behalf(),
            connection=None,
            host="",
            user="",
            cache=Caching(no_store=True),
        )
        task = asyncio.get_running_loop().create_task(
            self._ask(shadow, next, tally),
            name="shadow",
            # Nothing of the request's own context: it may have ended before this does.
            context=contextvars.Context(),
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self) -> None:
        """Wait until those that run have ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """End all."""
        for task in self._tasks:
            task.cancel()
        await self.finished()

    async def _ask(self, call: Call, next: Handler, tally: ShadowTally) -> None:
        began = time.monotonic()
        characters = 0
        try:
            async with asyncio.timeout(self._deadline), aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    characters += len(chunk.content) + len(chunk.thinking)
                    if chunk.done:
                        tally.tokens.add(chunk.eval_count)
        except TimeoutError:
            tally.outcomes["timeout"] += 1
        except GatewayError:
            tally.outcomes["error"] += 1
        except Exception:
            tally.outcomes["error"] += 1
            log.exception("a shadow failed", model=call.model)
        else:
            tally.outcomes["ok"] += 1
            tally.characters.add(characters)
            tally.seconds.add(time.monotonic() - began)


def _size(call: Call) -> int:
    size = sum(len(text) for text in call.texts()) + sum(len(image) for image in call.images)
    for message in call.messages:
        size += sum(len(image) for image in message.images)
        size += sum(len(file.data) for file in message.files)
    return size

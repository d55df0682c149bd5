"""One run of the model for all who ask the same at the same time."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Literal

import structlog

from localai import Call, Chunks, GatewayError, InternalError
from plugins.cache.live import Lives
from plugins.cache.run_headers import RunHeaders

log = structlog.get_logger("cache")

STATUS = "x-localai-cache"
"""The header that says how the cache had to do with an answer."""

Status = Literal["miss", "join", "bypass"]

Make = Callable[[dict[str, str]], Chunks]
"""Makes an answer; its headers go into the dictionary that it is given."""


async def sound(chunks: Chunks) -> Chunks:
    """Pass an answer on; a fault in it is one that all listeners can be told.

    It is read in a task of the cache's own, so the chain can't tell it from a fault of the cache.
    """
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
    except GatewayError:
        raise
    except Exception as error:
        log.exception("an answer failed")
        raise InternalError("the router failed; its log has the details") from error


class Runs:
    """Begins what is asked first; whoever asks the same meanwhile listens to that."""

    def __init__(self, *, buffer: int, joins: bool, rerun: bool) -> None:
        self._lives = Lives(buffer=buffer)
        self._joins = joins
        self._tries = 2 if rerun else 1

    def __len__(self) -> int:
        return len(self._lives)

    async def run(
        self, key: str, call: Call, make: Make, *, reads: bool, note: Callable[[Status], None]
    ) -> Chunks:
        """Yield the answer that is running, or begin it; without `reads` it is a new one.

        When a run fails that said nothing yet, those who had joined it begin another one, once, if
        the file says so. `note` is told what became of this call with its first chunk.
        """
        for tries_left in reversed(range(self._tries)):
            live = self._lives.get(key) if reads and self._joins else None
            status: Status = "join" if live else "miss" if reads else "bypass"
            headers = RunHeaders()
            if live is not None:
                headers = live.headers
                chunks = live.listen()
            elif self._joins:
                live = self._lives.start(key, make(headers))
                live.headers = headers
                call.work.hold()
                live.task.add_done_callback(lambda _: call.work.release())
                chunks = live.listen()
            else:
                chunks = make(headers)
            said = False
            headers.follow(call.headers)
            try:
                async with aclosing(chunks):
                    async for chunk in chunks:
                        if not said:
                            said = True
                            note(status)
                            call.headers[STATUS] = status
                            call.headers.update(headers)
                        yield chunk
                return
            except GatewayError:
                if said or status != "join" or not tries_left:
                    raise
            finally:
                headers.leave(call.headers)

    async def close(self) -> None:
        """End all runs."""
        await self._lives.close()

"""Send what is ready in one piece: chunks that need no waiting share one write.

A write to a socket costs more than all else that is done for a token. Under load many tokens
arrive in one read, so they should leave in one write; but no token may wait for another one
that has not come yet.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any

MAX_PIECE = 16_384
"""Bytes after which a piece is sent though more is ready: bounds memory and fairness."""


@coroutine
def _before_waiting(
    step: Any, idle: Callable[[], Coroutine[Any, Any, None]]
) -> Generator[Any, Any, Any]:
    """Await `step`; should it have to wait, await `idle()` once first.

    A coroutine that can go on returns at the first `send`; one that must wait yields the future
    that it waits for, which goes to the event loop after `idle` is done. A failure of `idle`
    ends the step as a cancellation would, so that nothing below it stays open.
    """
    failure: BaseException | None = None
    answer = None
    try:
        waits_for = step.send(None)
    except StopIteration as finished:
        return finished.value
    try:
        yield from idle().__await__()
    except BaseException as error:
        failure = error
    while True:
        if failure is None:
            try:
                answer = yield waits_for
            except BaseException as error:
                failure = error
        try:
            if failure is None:
                waits_for = step.send(answer)
            else:
                thrown, failure = failure, None
                waits_for = step.throw(thrown)
        except StopIteration as finished:
            return finished.value


_next: Callable[..., Awaitable[bytes]] = _before_waiting


async def send_pieces(
    frames: AsyncGenerator[bytes, None], write: Callable[[bytes], Awaitable[None]]
) -> None:
    """Write every frame, those that are ready together as one piece.

    What was ready is written also when the frames end with an exception.
    """
    ready: list[bytes] = []
    size = 0

    async def flush() -> None:
        nonlocal size
        if ready:
            piece = b"".join(ready)
            ready.clear()
            size = 0
            await write(piece)

    try:
        while True:
            try:
                frame: bytes = await _next(frames.__anext__(), flush)
            except StopAsyncIteration:
                return
            ready.append(frame)
            size += len(frame)
            if size >= MAX_PIECE:
                await flush()
    finally:
        await flush()

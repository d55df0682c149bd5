"""When keys were last used."""

import asyncio
from collections.abc import Mapping
from typing import cast

import pytest
from structlog.testing import capture_logs

from localai import Unavailable
from plugins.auth.keys import last_used
from plugins.auth.keys.last_used import LastUsed
from plugins.auth.keys.store import KeyStore


class Store:
    """Keeps what is written; fails as long as it has a failure."""

    def __init__(self) -> None:
        self.written: list[dict[str, float]] = []
        self.failure: Exception | None = None
        self.hangs = False
        self.tried = asyncio.Event()

    async def touch(self, used: Mapping[str, float]) -> None:
        """Take a batch."""
        self.tried.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        self.written.append(dict(used))


@pytest.fixture
def fake() -> Store:
    """An empty store."""
    return Store()


def of(fake: Store) -> KeyStore:
    """Return a double as what it stands for."""
    return cast("KeyStore", fake)


async def test_uses_are_written_in_batches(fake: Store) -> None:
    """A thousand uses of two keys are one batch of two rows, written after a while."""
    used = LastUsed()
    async with used.written(of(fake), every=0.01):
        for number in range(1000):
            used.note(f"{number % 2}", float(number))
        await fake.tried.wait()
    assert fake.written == [{"0": 998.0, "1": 999.0}]


async def test_the_last_batch_is_written_at_the_end(fake: Store) -> None:
    """What was noted shortly before the router stops is written then."""
    used = LastUsed()
    async with used.written(of(fake), every=1e6):
        used.note("a", 1.0)
    assert fake.written == [{"a": 1.0}]


@pytest.mark.parametrize("failure", [Unavailable("away"), ValueError("a fault")])
async def test_what_can_not_be_written_is_kept(fake: Store, failure: Exception) -> None:
    """A failure keeps the batch for the next time, under what was noted since, and stops nobody."""
    used = LastUsed()
    used.note("a", 1.0)
    used.note("b", 1.0)
    fake.failure = failure
    with capture_logs() as entries:
        await used.flush(of(fake))
    assert len(entries) == (0 if isinstance(failure, Unavailable) else 1)
    used.note("a", 2.0)
    fake.failure = None
    await used.flush(of(fake))
    await used.flush(of(fake))
    assert fake.written == [{"a": 2.0, "b": 1.0}]


async def test_a_database_that_hangs_does_not_hold_up_the_end(
    fake: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last batch has a deadline; it is given up with a line in the log."""
    monkeypatch.setattr(last_used, "END_TIMEOUT", 0.01)
    fake.hangs = True
    used = LastUsed()
    used.note("a", 1.0)
    with capture_logs() as entries:
        async with asyncio.timeout(5), used.written(of(fake), every=1e6):
            pass
    assert [entry["keys"] for entry in entries] == [1]

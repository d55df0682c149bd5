"""Joining in whatever order things happen, against a model of what each listener may see."""

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localai import Chunk, UpstreamTimeout
from plugins.cache.live import Live, Lives, TooSlow
from plugins.cache.weight import weight
from tests.plugins.cache.sources import Listener, Source, said, settled

BUFFER = 8_000
SIZES = st.sampled_from([500, 1_000, 1_000, 1_000, 3_000, 20_000])
ANY = st.integers(0, 99)
"""Stands for one of those that are there."""


def weights(chunks: list[Chunk]) -> int:
    """Return what chunks weigh together."""
    return sum(map(weight, chunks))


class Answer:
    """An answer, and all who ever listened to it."""

    def __init__(self, lives: Lives) -> None:
        self.source = Source()
        self.source.asked = self._asked
        self.began = False
        self.told_to_end = False
        self.cancelled: set[Listener] = set()
        self.listeners: list[Listener] = []
        self.live = lives.start("key", self.source.chunks())

    def _asked(self) -> None:
        self.began = True
        fastest = max((weights(each.got) for each in self.present), default=0)
        assert weights(self.source.taken) - fastest <= BUFFER // 2

    @property
    def present(self) -> list[Listener]:
        """Those who have not left."""
        return [listener for listener in self.listeners if not listener.left]

    def check(self) -> None:
        """Hold it to all that is promised at any time."""
        taken = self.source.taken
        largest = max(map(weight, taken), default=0)
        assert self.live.bytes <= max(BUFFER, BUFFER // 2 + largest) + largest
        for listener in self.listeners:
            assert listener.got == taken[: len(listener.got)]
            if isinstance(listener.error, TooSlow):
                assert weights(taken[len(listener.got) :]) > BUFFER
                assert any(len(each.got) > len(listener.got) for each in self.listeners)
            elif listener.left and listener not in self.cancelled:
                assert len(listener.got) == len(taken)
                assert self.told_to_end
                assert not self.source.coming
        assert self.source.closed <= 1
        if self.source.closed:
            over = self.told_to_end and not self.source.coming
            assert over or all(
                each.left or each in self.cancelled or self.lags(each) for each in self.listeners
            )

    def lags(self, listener: Listener) -> bool:
        """Whether a listener's next chunk may be gone."""
        return weights(self.source.taken[len(listener.got) :]) > BUFFER

    def check_end(self) -> None:
        """Hold it to what is promised of its end, when all have read and it was told to end."""
        assert self.source.closed == self.began
        assert self.present == []
        for listener in self.listeners:
            whole = listener.got == self.source.taken and not self.source.coming
            assert whole or listener in self.cancelled or isinstance(listener.error, TooSlow)


class Machine(RuleBasedStateMachine):
    """Says, joins, reads, leaves and ends, with any number of turns of the event loop between."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.unhandled: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.unhandled.append(context))
        self.lives = Lives(buffer=BUFFER)
        self.answers: list[Answer] = []

    @property
    def listeners(self) -> list[tuple[Answer, Listener]]:
        """All who have not left."""
        return [(answer, listener) for answer in self.answers for listener in answer.present]

    def teardown(self) -> None:
        """Let everything come to its end."""
        try:
            self.loop.run_until_complete(self._end())
        finally:
            self.loop.close()
        assert self.unhandled == []

    async def _end(self) -> None:
        for answer in self.answers:
            answer.source.may_close.set()
            if not answer.told_to_end:
                answer.source.say(None)
                answer.told_to_end = True
        for _, listener in self.listeners:
            listener.hurry()
        await settled(400)
        for answer in self.answers:
            answer.check()
            answer.check_end()
        assert len(self.lives) == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @rule(turns=st.integers(1, 5))
    def turn(self, turns: int) -> None:
        """Let the event loop go on a little."""
        self.loop.run_until_complete(settled(turns))

    @rule(shy=st.booleans(), turns=st.integers(1, 3))
    def join(self, shy: bool, turns: int) -> None:
        """Join, or start anew, as the plugin does."""

        async def begin() -> None:
            listener = Listener(lambda: self._join(listener), shy=shy)
            await settled(turns)

        self.loop.run_until_complete(begin())

    def _join(self, listener: Listener) -> Live:
        live = self.lives.get("key")
        if live is None:
            self.answers.append(Answer(self.lives))
            live = self.answers[-1].live
        answer = next(each for each in self.answers if each.live is live)
        answer.listeners.append(listener)
        return live

    @precondition(lambda self: self.answers)
    @rule(which=ANY, sizes=st.lists(SIZES, min_size=1, max_size=6))
    def say(self, which: int, sizes: list[int]) -> None:
        """Have chunks come."""
        answer = self.answers[which % len(self.answers)]
        if not answer.told_to_end:
            answer.source.say(*[said(str(size), size) for size in sizes])

    @precondition(lambda self: self.answers)
    @rule(which=ANY, fails=st.booleans())
    def end(self, which: int, fails: bool) -> None:
        """Have the answer end, when all that is to come has come."""
        answer = self.answers[which % len(self.answers)]
        if not answer.told_to_end:
            answer.told_to_end = True
            answer.source.say(UpstreamTimeout("too late") if fails else None)

    @precondition(lambda self: self.listeners)
    @rule(which=ANY, chunks=st.integers(1, 4))
    def read(self, which: int, chunks: int) -> None:
        """Let a shy listener read."""
        listeners = self.listeners
        listeners[which % len(listeners)][1].allow(chunks)

    @precondition(lambda self: self.listeners)
    @rule(which=ANY)
    def leave(self, which: int) -> None:
        """Cancel a listener, for a second time perhaps."""
        listeners = self.listeners
        answer, listener = listeners[which % len(listeners)]
        answer.cancelled.add(listener)
        listener.task.cancel()

    @precondition(lambda self: self.answers)
    @rule(which=ANY)
    def closing_lasts(self, which: int) -> None:
        """Have a source wait when it is closed, or go on with it."""
        event = self.answers[which % len(self.answers)].source.may_close
        if event.is_set():
            event.clear()
        else:
            event.set()

    @invariant()
    def promises_hold(self) -> None:
        """Hold all answers to what is promised."""
        for answer in self.answers:
            answer.check()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

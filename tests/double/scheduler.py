"""Which models are loaded, with what options, until when, and who may run on them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.double.failures import BUSY, Failure
from tests.double.go import FOREVER, quote
from tests.double.models import Model

DEFAULT_KEEP_ALIVE = 300 * 10**9
MAX_LOADED = 3
DEFAULT_NUM_CTX = 4096
ONE_SLOT = frozenset(
    {
        *("mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2", "lfm2moe"),
        *("nemotron_h", "nemotron_h_moe", "nemotron_h_omni"),
    }
)
"""Families that run one answer at a time, whatever `num_parallel` is; so do all that embed."""

RUNNER_OPTIONS = {
    "num_ctx": "integer",
    "num_batch": "integer",
    "num_gpu": "integer",
    "main_gpu": "integer",
    "use_mmap": "boolean",
    "num_thread": "integer",
    "draft_num_predict": "integer",
}
OPTIONS = {
    **RUNNER_OPTIONS,
    "num_keep": "integer",
    "seed": "integer",
    "num_predict": "integer",
    "top_k": "integer",
    "top_p": "float32",
    "min_p": "float32",
    "typical_p": "float32",
    "repeat_last_n": "integer",
    "temperature": "float32",
    "repeat_penalty": "float32",
    "presence_penalty": "float32",
    "frequency_penalty": "float32",
    "stop": "array",
}
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "integer": (int, float),
    "boolean": (bool,),
    "float32": (int, float),
    "array": (list,),
}


@dataclass(slots=True, eq=False)
class Runner:
    """A loaded model; `users` counts the requests that hold it, waiting or running.

    `ready` is set when its load has ended, `unloaded` when it is gone.
    """

    model: Model
    options: dict[str, Any]
    slots: asyncio.Semaphore
    keep_alive: int
    users: int = 0
    expires_ns: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    unloaded: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    @property
    def expires_at_ns(self) -> int:
        """When it will be unloaded if nobody asks for it again, as Unix nanoseconds."""
        return self.expires_ns or time.time_ns() + self.keep_alive


class Scheduler:
    """Loads and unloads runners as Ollama's does; `reloads` counts loads forced by options."""

    def __init__(self, num_parallel: int, max_queue: int, num_ctx: int = DEFAULT_NUM_CTX) -> None:
        self.num_parallel = num_parallel
        self.num_ctx = num_ctx
        self.max_queue = max_queue
        self.loaded: dict[str, Runner] = {}
        self.loads = 0
        self.reloads = 0
        self._pending = 0
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def runner(
        self,
        model: Model,
        options: Mapping[str, Any],
        keep_alive: int | None,
        shift: bool | None = None,
    ) -> AsyncIterator[Runner]:
        """Hold a loaded runner, loading it first if need be; `Failure` as Ollama's."""
        wanted = self._runner_options(model, options, shift)
        runner = await self._fitting(model, wanted) or await self._queue(model, wanted)
        if runner.timer:
            runner.timer.cancel()
            runner.timer = None
        if keep_alive is not None:
            runner.keep_alive = keep_alive
        try:
            yield runner
        finally:
            runner.users -= 1
            if not runner.users:
                self._release(runner)

    def expire(self, model: Model) -> None:
        """Unload a model as soon as nobody uses it."""
        runner = self.loaded.get(model.full_name.key)
        if runner:
            runner.keep_alive = 0
            runner.expires_ns = time.time_ns()
            if not runner.users:
                self._unload(runner)

    def unload_all(self) -> None:
        """Forget every runner: the server stops."""
        for runner in list(self.loaded.values()):
            self._unload(runner)

    def _runner_options(
        self, model: Model, options: Mapping[str, Any], shift: bool | None
    ) -> dict[str, Any]:
        merged = {**model.parameters, **{k: v for k, v in options.items() if v is not None}}
        wanted = {key: merged[key] for key in RUNNER_OPTIONS if key in merged}
        least = 2048 if model.can("vision") else 4
        context = min(max(int(wanted.get("num_ctx", self.num_ctx)), least), model.context_length)
        return {**wanted, "num_ctx": context, "shift": shift is not False}

    async def _fitting(self, model: Model, wanted: dict[str, Any]) -> Runner | None:
        """Join the runner that is loaded, or loading, with these options."""
        runner = self.loaded.get(model.full_name.key)
        if runner is None or runner.options != wanted:
            return None
        _join(runner)
        try:
            await runner.ready.wait()
        except BaseException:
            _leave(runner)
            raise
        if self.loaded.get(model.full_name.key) is runner:
            return runner
        _leave(runner)
        return None

    async def _queue(self, model: Model, wanted: dict[str, Any]) -> Runner:
        if self._one_at_a_time.locked() and self._pending >= self.max_queue:
            raise Failure(503, BUSY)
        self._pending += 1
        try:
            await self._one_at_a_time.acquire()
        finally:
            self._pending -= 1
        try:
            return await self._fitting(model, wanted) or await self._load(model, wanted)
        finally:
            self._one_at_a_time.release()

    async def _load(self, model: Model, wanted: dict[str, Any]) -> Runner:
        key = model.full_name.key
        old = self.loaded.get(key)
        if old:
            self.reloads += 1
            await self._evict(old)
        while len(self.loaded) >= MAX_LOADED:
            first = min(self.loaded.values(), key=lambda each: (each.users > 0, each.keep_alive))
            await self._evict(first)
        alone = model.family in ONE_SLOT or bool(model.pooling)
        slots = asyncio.Semaphore(1 if alone else self.num_parallel)
        runner = Runner(model, wanted, slots, DEFAULT_KEEP_ALIVE)
        _join(runner)
        self.loaded[key] = runner
        try:
            await asyncio.sleep(model.load_seconds)
            if model.load_gate:
                await model.load_gate.wait()
            if model.load_error:
                raise Failure(500, model.load_error)
        except BaseException:
            del self.loaded[key]
            _leave(runner)
            raise
        finally:
            runner.ready.set()
        self.loads += 1
        return runner

    async def _evict(self, runner: Runner) -> None:
        runner.keep_alive = 0
        if runner.users:
            await runner.idle.wait()
        else:
            self._unload(runner)

    def _release(self, runner: Runner) -> None:
        if runner.keep_alive <= 0:
            self._unload(runner)
        else:
            runner.expires_ns = time.time_ns() + runner.keep_alive
            if runner.keep_alive < FOREVER:
                loop = asyncio.get_running_loop()
                runner.timer = loop.call_later(runner.keep_alive / 1e9, self._unload, runner)
        runner.idle.set()

    def _unload(self, runner: Runner) -> None:
        if runner.timer:
            runner.timer.cancel()
        key = runner.model.full_name.key
        if self.loaded.get(key) is runner:
            del self.loaded[key]
        runner.unloaded.set()


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse an option of the wrong type as Ollama does, with status 500."""
    for key, value in options.items():
        kind = OPTIONS.get(key)
        if kind is None or value is None:
            continue
        wrong_bool = isinstance(value, bool) and kind != "boolean"
        if wrong_bool or not isinstance(value, _ACCEPTED[kind]):
            raise Failure(500, f"option {quote(key)} must be of type {kind}")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise Failure(500, f"option {quote(key)} must be of an array of strings")


def _join(runner: Runner) -> None:
    runner.users += 1
    runner.idle.clear()


def _leave(runner: Runner) -> None:
    runner.users -= 1
    if not runner.users:
        runner.idle.set()

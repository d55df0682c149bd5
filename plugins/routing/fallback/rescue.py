"""The way of one request after its model has failed: which to ask next, and when."""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from localai import Call, GatewayError, full_name
from plugins.routing.fallback.backoff import Backoff
from plugins.routing.fallback.budget import RetryBudget
from plugins.routing.fallback.causes import RESTING, Cause, cause_of, may_pass
from plugins.routing.fallback.chains import Chains
from plugins.routing.fallback.figures import Figures

log = structlog.get_logger("fallback")

MODEL = "x-localai-model"
"""The header that names who answers."""
FALLBACK = "x-localai-fallback"
"""The header that says that another one does, and why."""


class Terms:
    """What all requests have in common."""

    def __init__(
        self,
        *,
        attempts: int,
        backoff: Backoff,
        budget: RetryBudget,
        chains: Chains,
        fits: Callable[[Call, str], bool],
    ) -> None:
        self.attempts = attempts
        """How often the wanted model is asked, the first time included."""
        self.backoff = backoff
        self.budget = budget
        self.chains = chains
        self.fits = fits
        """Says whether a model can do what a call asks for."""
        self.figures = Figures()


class Rescue:
    """One request that has failed before it was answered at all."""

    def __init__(self, terms: Terms, call: Call, deadline: float) -> None:
        self._terms = terms
        self._call = call
        self._deadline = deadline
        """When the last try may begin, in the loop's time."""
        self._tries = 0
        """Of the wanted model, which have failed."""
        self._asked = {full_name(call.model).lower()}
        self._headers = {name: call.headers.get(name) for name in (MODEL, FALLBACK)}
        self._other: Cause | None = None
        """Why another model was asked the last time."""

    async def after(self, error: GatewayError) -> Call | None:
        """Return the call to make after one that failed; `None` when nothing is left to try.

        It waits before it has the same model asked again. The headers of the call tell which model
        is asked; in the end they are as they were.
        """
        if self._other is None:
            self._tries += 1
            if await self._waits_for(error):
                return self._call
        else:
            self._terms.figures.fell_back(self._other, well=False)
        cause = cause_of(error)
        other = None if cause is None else self._next(cause)
        if cause is None or other is None:
            self._restore_headers()
            return None
        log.warning(
            "another model is asked",
            wanted=self._call.model,
            model=other,
            cause=cause,
            error=type(error).__name__,
            why=error.message,
            request_id=self._call.request_id,
        )
        self._other = cause
        self._call.headers[MODEL] = other
        self._call.headers[FALLBACK] = f"{other}; cause={cause}"
        return self._call.replace(model=other)

    def answered(self) -> None:
        """Note that the last try is being answered."""
        if self._other is not None:
            self._terms.figures.fell_back(self._other, well=True)
        else:
            self._terms.figures.mended += 1

    async def _waits_for(self, error: GatewayError) -> bool:
        """Wait until the same model may be asked again; `False` if it may not be."""
        terms = self._terms
        cause = cause_of(error)
        if cause is None or not may_pass(error) or self._tries >= terms.attempts:
            return False
        if error.code == RESTING and next(self._others(cause), None) is not None:
            return False  # that would be to wait for what has just failed several times
        delay = terms.backoff.delay(self._tries, error)
        now = asyncio.get_running_loop().time()
        if delay is None or now + delay > self._deadline:
            return False
        if not terms.budget.take(now):
            terms.figures.refused += 1
            return False
        terms.figures.retried(cause)
        log.info(
            "the model is asked again",
            model=self._call.model,
            tries=self._tries,
            error=type(error).__name__,
            seconds=round(delay, 3),
            request_id=self._call.request_id,
        )
        await asyncio.sleep(delay)
        return True

    def _next(self, cause: Cause) -> str | None:
        """Return the next model that may answer for this cause; it is asked from now on."""
        other = next(self._others(cause), None)
        if other is not None:
            self._asked.add(full_name(other).lower())
        return other

    def _others(self, cause: Cause) -> Iterator[str]:
        """Yield the models that may answer for this cause, and have not been asked."""
        call = self._call
        # Vectors of two models never mix; and what the router itself asks means that very model.
        if call.kind == "embed" or call.loads_only or call.principal.is_router:
            return
        if asyncio.get_running_loop().time() > self._deadline:
            return
        for other in self._terms.chains.others(call.model, cause):
            if full_name(other).lower() in self._asked:
                continue
            if call.principal.may_use(other) and self._terms.fits(call, other):
                yield other

    def _restore_headers(self) -> None:
        for name, value in self._headers.items():
            if value is None:
                self._call.headers.pop(name, None)
            else:
                self._call.headers[name] = value

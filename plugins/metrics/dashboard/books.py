"""What has become of the calls: counts, times, the last errors."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from localai import Inference
from plugins.metrics.conventions import CACHE, NANOSECONDS, REFUSALS
from plugins.metrics.dashboard.day import Day
from plugins.metrics.dashboard.percentiles import WINDOW, Percentiles
from plugins.metrics.timing import overhead_seconds

MOST_ERRORS = 20
MOST_PAIRS = 100
"""Guards with their actions that are counted apart; all others share one."""
MOST_NAME = 100
"""Characters of a model's name that are shown: callers may send any."""
OTHER = ("other", "other")
FINE = frozenset({"ok", "canceled"})
"""Outcomes that are nobody's error: whoever leaves had a reason."""
LOOKUPS = ("hit", "miss", "join")
"""Words of the header `x-localai-cache` that are counted."""


class Books:
    """Counts each call once, when it has ended; that takes a few microseconds."""

    def __init__(self, day: Day) -> None:
        self.total = 0
        self.errors_total = 0
        self.refused = 0
        self._day = day
        self._cache = dict.fromkeys(LOOKUPS, 0)
        self._errors: deque[dict[str, Any]] = deque(maxlen=MOST_ERRORS)
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._times = {
            name: Percentiles() for name in ("first_token", "duration", "per_token", "overhead")
        }

    def note(self, inference: Inference) -> None:
        """Count a call that has ended."""
        call, outcome = inference.call, inference.outcome
        if (cost := inference.cost) is not None:
            self._day.took(cost)
        if (last := inference.last) is not None and last.saved is not None:
            self._day.saved(last.saved)
        if call.principal.is_router:
            return
        if last is not None:
            self._day.answered(last, is_embedding=call.kind == "embed")
        self.total += 1
        if outcome not in FINE:
            self._failed(inference, outcome)
        elif outcome == "ok" and not call.loads_only:
            self._took(inference)
        if (word := call.headers.get(CACHE)) in self._cache:
            self._cache[word] += 1
        for decision in call.decisions:
            pair = (decision.guard, decision.action)
            if pair not in self._decisions and len(self._decisions) >= MOST_PAIRS:
                pair = OTHER
            self._decisions[pair] += decision.count

    def _failed(self, inference: Inference, outcome: str) -> None:
        self.errors_total += 1
        self.refused += outcome in REFUSALS
        call = inference.call
        route = call.connection.scope.get("path_template") if call.connection else None
        self._errors.appendleft(
            {
                "at": round(time.time(), 3),
                "request_id": call.request_id,
                "model": call.model[:MOST_NAME],
                "outcome": outcome,
                "route": route,
            }
        )

    def _took(self, inference: Inference) -> None:
        begun, first, ended = inference.begun, inference.first, inference.ended
        if first is None or ended is None:
            return
        times = self._times
        times["first_token"].add(first - begun, ended)
        times["duration"].add(ended - begun, ended)
        if (overhead := overhead_seconds(inference)) is not None:
            times["overhead"].add(overhead, ended)
        last = inference.last
        if (
            inference.call.work.attempts
            and last is not None
            and last.eval_count
            and last.eval_duration
        ):
            times["per_token"].add(last.eval_duration / NANOSECONDS / last.eval_count, ended)

    # ---- what the page shows

    def cache(self) -> dict[str, Any]:
        """Return what the cache has done."""
        hits, misses, joins = (self._cache[word] for word in LOOKUPS)
        asked = hits + misses + joins
        rate = round(hits / asked, 4) if asked else None
        return {"hits": hits, "misses": misses, "joins": joins, "hit_rate": rate}

    def latency(self, now: float) -> dict[str, Any]:
        """Return percentiles in seconds; `now` is monotonic."""
        for times in self._times.values():
            times.forget(now)
        return {
            "window_seconds": WINDOW,
            "count": self._times["duration"].count,
            **{name: times.read() for name, times in self._times.items()},
        }

    def errors(self) -> list[Mapping[str, Any]]:
        """Return the last errors, the newest first."""
        return list(self._errors)

    def guardrails(self) -> list[dict[str, Any]]:
        """Return what guards have done, the most frequent first."""
        return [
            {"guard": guard, "action": action, "count": count}
            for (guard, action), count in self._decisions.most_common()
        ]

"""How much is served before a moment of virtual time, for many moments at little cost."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from plugins.routing.queue.flow import Flow

MOST = 256
"""Flows that a picture is made of; of more, it is every second one, or third, …"""


class Ranks:
    """A picture of flows: each is served evenly from its start to its end.

    Made in O(n log n) for n flows, asked in O(log n).
    """

    def __init__(self, flows: Sequence[Flow]) -> None:
        step = -(-len(flows) // MOST) or 1
        self._scale = float(step)
        # (start, end, entries, work) of each flow
        self._flows = {
            flow.key: (flow.start, max(flow.end, flow.start + 1e-12), len(flow.entries), flow.work)
            for flow in flows[::step]
            if flow.entries
        }
        self._begun = _Sums(sorted(self._flows.values()), by=0)
        self._ended = _Sums(sorted(self._flows.values(), key=lambda flow: flow[1]), by=1)

    def before(self, moment: float, but: str) -> tuple[float, float]:
        """Return the entries that are served before a moment, and their work, but for one key's.

        Both are sums of n·clamp((moment - start) / (end - start)) over all flows.
        """
        begun, ended = self._begun, self._ended
        i, j = bisect_left(begun.moments, moment), bisect_left(ended.moments, moment)
        # What has begun goes on for ever; less that of what has ended, and what that really was.
        count = begun.counts[i] * moment - begun.counts_at[i] + ended.count[j]
        count -= ended.counts[j] * moment - ended.counts_at[j]
        work = begun.works[i] * moment - begun.works_at[i] + ended.work[j]
        work -= ended.works[j] * moment - ended.works_at[j]
        if (own := self._flows.get(but)) is not None:
            part = min(max((moment - own[0]) / (own[1] - own[0]), 0.0), 1.0)
            count -= own[2] * part
            work -= own[3] * part
        return max(count, 0.0) * self._scale, max(work, 0.0) * self._scale


class _Sums:
    """Sums over the first flows of a list; `by` says where in a flow is what orders them."""

    def __init__(self, flows: list[tuple[float, float, int, float]], by: int) -> None:
        self.moments = [flow[by] for flow in flows]
        counts = [count / (end - start) for start, end, count, _ in flows]
        works = [work / (end - start) for start, end, _, work in flows]
        starts = [flow[0] for flow in flows]
        self.counts = list(accumulate(counts, initial=0.0))
        """Entries per time."""
        self.works = list(accumulate(works, initial=0.0))
        self.counts_at = list(accumulate(map(float.__mul__, counts, starts), initial=0.0))
        self.works_at = list(accumulate(map(float.__mul__, works, starts), initial=0.0))
        self.count = list(accumulate((flow[2] for flow in flows), initial=0))
        self.work = list(accumulate((flow[3] for flow in flows), initial=0.0))

"""`GET /admin/queue`: what runs and what waits."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import monotonic
from typing import Any

import msgspec
from litestar import Response, get

from plugins.routing.queue.desk import Desk
from plugins.routing.queue.line import Line

PATH = "/admin/queue"
MOST_SHOWN = 100
"""Waiting requests of a model that are shown; all are counted."""


def routes(desk: Callable[[], Desk]) -> Sequence[Any]:
    """Return the handler; `desk` gives the queues, once the plugin is started."""

    @get(
        PATH,
        opt={"scope": "admin:routing"},
        media_type="application/json",
        tags=["Routing"],
        summary="What runs and what waits",
    )
    async def show() -> Response[bytes]:
        """Return the queue of each model: who runs where, who waits for how long, what is loaded.
        Callers are shown by their ids, and nothing of what they ask."""
        return Response(msgspec.json.encode(report(desk())), media_type="application/json")

    return [show]


def report(desk: Desk) -> dict[str, Any]:
    """Return what the route shows."""
    now = monotonic()
    labels = {url: str(at) for at, url in enumerate(desk.members.gateway.hosts.urls, 1)}
    return {
        "models": [
            {
                "model": line.name or None,
                "running": list(_running(line, labels, now)),
                "waiting": len(line.waiting),
                "next": list(_waiting(desk, line, now)),
            }
            for line in desk.outlooks.lines.values()
            if not line.is_idle
        ],
        "loads": [
            {
                "model": load.name,
                "host": labels.get(load.url),
                "waiting": len(load.turns),
                "eta": round(desk.loads.eta(load, now), 1),
            }
            for load in desk.loads
        ],
        "refused": dict(desk.figures.refused),
    }


def _running(line: Line, labels: dict[str, str], now: float) -> Iterator[dict[str, Any]]:
    for turn in line.turns():
        yield {
            "key": turn.key,
            "host": labels.get(turn.url or ""),
            "batch": turn.is_batch,
            # Its time begins when its model is loaded.
            "seconds": round(max(now - turn.began, 0.0), 1),
        }


def _waiting(desk: Desk, line: Line, now: float) -> Iterator[dict[str, Any]]:
    slots = desk.outlooks.all_slots(line)
    for entry in islice(line.waiting, MOST_SHOWN):
        position, eta = line.eta(entry.data, slots, now)
        yield {
            "key": entry.key,
            "position": position,
            "eta": round(eta, 1),
            "batch": entry.is_batch,
            "seconds": round(now - entry.since, 1),
        }

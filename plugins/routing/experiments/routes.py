"""`/admin/experiments`: what has come of each experiment."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get

from plugins.routing.experiments.trial import Trial

PATH = "/admin/experiments"
SCOPE = "admin:routing"


def routes(trials: Sequence[Trial], since: str) -> Sequence[Any]:
    """Return the handler; `since` is from when on there are counts."""

    @get(
        PATH,
        opt={"scope": SCOPE},
        media_type="application/json",
        tags=["Routing"],
        summary="What has come of each experiment",
    )
    async def show() -> Response[bytes]:
        """Report exposures, outcomes, tokens and times of each variant, compared with the first:
        rates by a z-test of two proportions, means by Welch's test; `p` is the probability of such
        a difference by chance, `null` with less than 30 observations of either."""
        report = {"since": since, "experiments": {each.name: each.report() for each in trials}}
        return Response(msgspec.json.encode(report), media_type="application/json")

    return [show]

"""How much may be asked again, so that retries do not keep down what is just getting up."""

from plugins.routing.window import Window

SECONDS = 10.0
"""What is looked back."""
FEW = 3
"""Retries within that time that are always allowed, as a router for one person has few requests.

Google's SRE book and Envoy's retry budgets have a ratio and such a floor, too.
"""


class RetryBudget:
    """Lets through `share` of the requests of late as retries, and a few more. Pure."""

    __slots__ = ("_share", "_window")

    def __init__(self, share: float) -> None:
        self._share = share
        self._window = Window(SECONDS)

    def request(self, now: float) -> None:
        """Count a request, which is a first try."""
        self._window.add(now)

    def take(self, now: float) -> bool:
        """Say whether one may be asked again; count that."""
        requests, retries = self._window.totals(now)
        if retries + 1 > self._share * requests + FEW:
            return False
        self._window.add(now, all=0, of_kind=1)
        return True

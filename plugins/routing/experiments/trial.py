"""One experiment that runs: who gets what, and what has come of it."""

import random
from collections.abc import Callable
from typing import Any

from localai import Call
from plugins.routing.experiments import comparison
from plugins.routing.experiments.assignment import Variants
from plugins.routing.experiments.comparison import Comparison
from plugins.routing.experiments.identity import identity
from plugins.routing.experiments.settings import Experiment
from plugins.routing.experiments.tally import ShadowTally, Tally


class Trial:
    """Deals the requests of an experiment, and keeps its counts."""

    def __init__(
        self, name: str, settings: Experiment, chance: Callable[[], float] = random.random
    ) -> None:
        self.name = name
        self.settings = settings
        self.tallies = {variant: Tally() for variant in settings.variants}
        self.shadows = {model: ShadowTally() for model in settings.shadow}
        self._chance = chance
        self._variants = Variants(settings.variants, settings.salt or name)

    def variant_of(self, call: Call) -> str | None:
        """Return the variant for a call: of its user's, one that its caller may use."""
        may_use = call.principal.may_use
        allowed = [variant for variant in self.settings.variants if may_use(variant)]
        user = identity(call, self.settings.sticky)
        if user is None:
            user = str(self._chance())
        return self._variants.choose(user, allowed)

    def shadows_of(self, call: Call) -> list[str]:
        """Return the models that shall be asked the same, by chance."""
        return [
            model
            for model, share in self.settings.shadow.items()
            if share > self._chance() and call.principal.may_use(model)
        ]

    def report(self) -> dict[str, Any]:
        """Return the counts, and each variant compared with the first."""
        first, *others = self.tallies
        return {
            "model": self.settings.model,
            "variants": {
                variant: {"weight": self.settings.variants[variant], **tally.report()}
                for variant, tally in self.tallies.items()
            },
            "comparisons": {
                variant: {"with": first, **_compared(self.tallies[first], self.tallies[variant])}
                for variant in others
            },
            "shadows": {model: tally.report() for model, tally in self.shadows.items()},
        }


def _compared(one: Tally, other: Tally) -> dict[str, Comparison | None]:
    return {
        "ok_rate": comparison.proportions(
            one.outcomes["ok"], one.ended, other.outcomes["ok"], other.ended
        ),
        "first_token_seconds": comparison.means(one.first_token, other.first_token),
        "tokens": comparison.means(one.tokens, other.tokens),
    }

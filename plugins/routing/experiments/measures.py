"""The counts of experiments, as figures."""

from collections.abc import Callable, Iterator, Sequence

from localai import Measure
from plugins.routing.experiments.tally import Tally
from plugins.routing.experiments.trial import Trial

LABELS = ("experiment", "variant")


def measures(trials: Sequence[Trial]) -> Iterator[Measure]:
    """Yield them; experiments, variants and outcomes are few."""
    yield _each(
        trials,
        "localai_experiment_exposures_total",
        "Requests that were given to a variant.",
        lambda tally: tally.exposures,
    )
    yield Measure(
        name="localai_experiment_outcomes_total",
        help="How the requests of a variant ended: ok, fallback, error or canceled.",
        kind="counter",
        labels=(*LABELS, "outcome"),
        values=[
            ((trial.name, variant, outcome), number)
            for trial in trials
            for variant, tally in trial.tallies.items()
            for outcome, number in tally.outcomes.items()
        ],
    )
    yield _each(
        trials,
        "localai_experiment_tokens_total",
        "Tokens of a variant's whole answers.",
        lambda tally: tally.tokens.total,
    )
    yield _each(
        trials,
        "localai_experiment_first_token_seconds_total",
        "Seconds until the first token, of a variant's answers that no cache gave.",
        lambda tally: tally.first_token.total,
    )
    yield _each(
        trials,
        "localai_experiment_first_tokens_total",
        "How many answers of a variant that sum is of.",
        lambda tally: tally.first_token.count,
    )
    yield Measure(
        name="localai_experiment_shadows_total",
        help="How requests to a shadow ended: ok, error, timeout, too_many or too_large.",
        kind="counter",
        labels=("experiment", "model", "outcome"),
        values=[
            ((trial.name, model, outcome), number)
            for trial in trials
            for model, tally in trial.shadows.items()
            for outcome, number in tally.outcomes.items()
        ],
    )


def _each(
    trials: Sequence[Trial],
    name: str,
    help: str,
    figure: Callable[[Tally], float],
) -> Measure:
    return Measure(
        name=name,
        help=help,
        kind="counter",
        labels=LABELS,
        values=[
            ((trial.name, variant), figure(tally))
            for trial in trials
            for variant, tally in trial.tallies.items()
        ],
    )

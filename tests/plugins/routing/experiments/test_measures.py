"""The counts of experiments, as figures."""

from localai import Chunk, Inference
from plugins.routing.experiments.measures import measures
from plugins.routing.experiments.settings import Experiment
from plugins.routing.experiments.trial import Trial
from tests.plugins.support import a_call


def test_all_counts_are_there_by_experiment_and_variant() -> None:
    """Those that have happened not yet, too, so that rates begin at 0."""
    settings = Experiment(model="chat", variants={"a": 1, "b": 1}, shadow={"c": 0.1})
    trial = Trial("test", settings)
    inference = Inference(a_call())
    inference.saw(Chunk(done=True, eval_count=20))
    inference.first = inference.begun + 0.5
    trial.tallies["a"].exposures = 1
    trial.tallies["a"].saw(inference)
    trial.shadows["c"].outcomes["ok"] = 3
    found = {each.name: dict(each.values) for each in measures([trial])}
    one, other = ("test", "a"), ("test", "b")
    assert found == {
        "localai_experiment_exposures_total": {one: 1, other: 0},
        "localai_experiment_outcomes_total": {(*one, "ok"): 1},
        "localai_experiment_tokens_total": {one: 20, other: 0},
        "localai_experiment_first_token_seconds_total": {one: 0.5, other: 0},
        "localai_experiment_first_tokens_total": {one: 1, other: 0},
        "localai_experiment_shadows_total": {("test", "c", "ok"): 3},
    }
    for each in measures([trial]):
        assert each.kind == "counter"
        assert all(len(labels) == len(each.labels) for labels, _ in each.values)

"""Sums of costs."""

from localai import Attempt, Chunk, Cost
from plugins.metrics.conventions import OTHER
from plugins.metrics.energy.books import MOST_MODELS, Books
from tests.plugins.metrics.energy.attempts import an_attempt

COST = Cost(joules=10.0, money=2.0, grams=3.0, source="measured")


def answered(model: str, label: str = "1") -> Attempt:
    """Return an attempt that a model has answered."""
    attempt = an_attempt(label=label)
    attempt.last = Chunk(done=True, model=model)
    return attempt


def sums(books: Books) -> dict[str, dict[tuple[str, ...], float]]:
    """Return all figures by name and labels."""
    return {each.name: dict(each.values) for each in books.measures()}


def test_costs_add_up_by_model_host_and_source() -> None:
    """Each model on each host has its sums; names differ neither by case nor by the usual tag."""
    books = Books()
    books.add(answered("llama3.2"), COST)
    books.add(answered("Llama3.2:latest"), COST)
    books.add(answered("llama3.2", "2"), COST)
    books.add(answered("llama3.2"), Cost(joules=1.0, money=1.0, grams=1.0))
    assert sums(books) == {
        "localai_energy_attributed_joules_total": {
            ("llama3.2:latest", "1", "measured"): 20.0,
            ("llama3.2:latest", "2", "measured"): 10.0,
            ("llama3.2:latest", "1", "modelled"): 1.0,
        },
        "localai_energy_money_total": {
            ("llama3.2:latest", "1"): 5.0,
            ("llama3.2:latest", "2"): 2.0,
        },
        "localai_energy_co2_grams_total": {
            ("llama3.2:latest", "1"): 7.0,
            ("llama3.2:latest", "2"): 3.0,
        },
    }


def test_names_that_never_answered_fold_into_one() -> None:
    """Neither made-up names nor any number of models make more lines than there may be."""
    books = Books()
    books.add(an_attempt(model="made-up"), COST)
    for number in range(MOST_MODELS + 5):
        books.add(answered(f"m{number}"), COST)
    joules = sums(books)["localai_energy_attributed_joules_total"]
    assert len(joules) == MOST_MODELS + 1
    assert joules[OTHER, "1", "measured"] == 60.0

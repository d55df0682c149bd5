"""The catalogue's models as candidates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.estimate.terms import Outlook, Work
from plugins.routing.select.candidates import candidate_of, candidates_of, embeds, makes_text
from plugins.routing.select.choice import Need, Prospect, Terms, cost_of
from plugins.routing.select.policy import Policy
from tests.plugins.routing.select.models import HERE, THERE

ESTIMATOR = Estimator(Estimator.Config(profile="ryzen-ai-max-395"))
TERMS = Terms()


def model(name: str, billions: float = 7, can: str = "completion", **changes: object) -> Model:
    """Return a model of the catalogue."""
    facts = Facts(
        name=name,
        size=int(billions * 0.6e9),
        parameters=int(billions * 1e9),
        active_parameters=int(billions * 1e9),
        capabilities=frozenset(can.split()),
    )
    return Model(facts=facts, hosts={HERE: facts, THERE: facts}, quality=0.5).replace(**changes)


def test_only_what_the_policy_allows_and_makes_text() -> None:
    """Models for embeddings and those that are left out are no candidates."""
    models = {
        each.name: each
        for each in (
            model("a:1", tags=frozenset({"code"})),
            model("b:1"),
            model("e:1", can="embedding"),
        )
    }
    policy = Policy(candidates=("a*", "e*"), prefer=("code",))
    (only,) = candidates_of(models, policy, TERMS, ESTIMATOR.estimate, lambda _: 99)
    assert (only.model, only.context, only.is_preferred, only.hosts) == (
        "a:1",
        99,
        True,
        (HERE, THERE),
    )


@pytest.mark.parametrize(
    ("can", "text", "vectors"),
    [("", True, False), ("completion", True, False), ("embedding", False, True)],
)
def test_what_models_make(can: str, text: bool, vectors: bool) -> None:
    """One of which nothing is known is taken to chat."""
    assert makes_text(model("a", can=can)) is text
    assert embeds(model("a", can=can)) is vectors


def test_one_of_which_nothing_is_known_makes_text() -> None:
    """It meets the need of every chat that wants no more."""
    made = candidate_of(model("a", can=""), TERMS, ESTIMATOR.estimate, 0)
    assert made.can == {"completion"}


@given(
    st.floats(0.5, 70),
    st.integers(0, 5_000),
    st.integers(1, 2_000),
    st.floats(0, 10),
    st.booleans(),
)
def test_no_request_costs_less_than_the_bound(
    billions: float, prompt: int, answer: int, price: float, is_loaded: bool
) -> None:
    """What an idle host estimates is never below what the candidate says it costs at least."""
    each = model("a", billions, price=price)
    made = candidate_of(each, TERMS, ESTIMATOR.estimate, 0)
    estimate = ESTIMATOR.estimate(
        HERE, each.facts, Work(prompt=prompt, answer=answer), Outlook(is_loaded=is_loaded)
    )
    need = Need(prompt=prompt, answer=answer)
    cost = cost_of(made, Prospect(estimate=estimate, is_loaded=is_loaded), need, TERMS)
    bound = made.per_prompt * prompt + made.per_answer * answer
    bound += 0 if is_loaded else TERMS.per_second * made.load
    assert bound <= cost * (1 + 1e-6)

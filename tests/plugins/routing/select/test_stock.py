"""The candidates of a policy, kept."""

from plugins.routing.estimate.terms import Estimate
from plugins.routing.select.choice import Terms
from plugins.routing.select.policy import Policy
from plugins.routing.select.stock import FRESH, Stock
from tests.plugins.routing.select.test_candidates import ESTIMATOR, model


async def test_candidates_are_made_anew_when_something_has_changed() -> None:
    """Another catalogue, another price, or age: nothing else costs an estimate."""
    counted = 0

    def estimating(*arguments: object) -> Estimate:
        nonlocal counted
        counted += 1
        return ESTIMATOR.estimate(*arguments)  # type: ignore[arg-type]

    stock = Stock(Policy())
    models = {str(number): model(f"m{number}:1") for number in range(20)}
    terms = Terms(price=0.3)
    made = []
    for catalogue, price, now, is_new in (
        (models, terms, 0.0, True),
        (models, terms, FRESH, False),
        (dict(models), terms, FRESH, True),
        (models, terms, FRESH, True),
        (models, Terms(price=0.2), FRESH, True),
        (models, Terms(price=0.2), FRESH, False),
        (models, Terms(price=0.2), 3 * FRESH, True),
    ):
        before = counted
        found = await stock.candidates(catalogue, price, estimating, lambda _: 0, now)
        assert len(found) == 20
        assert (counted > before) is is_new
        made.append(found)
    assert made[1] is made[0]

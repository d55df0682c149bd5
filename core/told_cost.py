"""How callers are told what their answers took: `x_localai` in the usage, and a header."""

from core.messages import Chunk

HEADER = "x-localai-energy"

Told = dict[str, float | str]


def told_cost(chunk: Chunk) -> Told | None:
    """Return what a last chunk says of energy; `None` where nobody keeps books.

    `wh` are watt-hours at the wall, `money` is in the money of the prices, `co2_grams` are grams.
    `source` is `measured`, `modelled`, or `cache` where no model worked. What was known already,
    and was not taken again, is in `saved_wh` and `saved_money`.
    """
    cost, saved = chunk.cost, chunk.saved
    if cost is None and saved is None:
        return None
    told: Told
    if cost is None:
        told = {"wh": 0.0, "money": 0.0, "co2_grams": 0.0, "source": "cache"}
    else:
        told = {
            "wh": four_digits(cost.wh),
            "money": four_digits(cost.money),
            "co2_grams": four_digits(cost.grams),
            "source": cost.source,
        }
    if saved is not None:
        told |= {"saved_wh": four_digits(saved.wh), "saved_money": four_digits(saved.money)}
    return told


def cost_header(told: Told) -> str:
    """Return the same as a header's value, such as `wh=0.0123, money=3.7e-06, …`."""
    return ", ".join([f"{name}={value}" for name, value in told.items()])


def four_digits(value: float) -> float:
    """Return a figure with four digits that count: no sensor knows more."""
    return float(f"{value:.4g}")

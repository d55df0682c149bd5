"""What the same tokens cost elsewhere: prices of clouds, which their owner checks and changes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

PER = 1_000_000
"""Tokens that a price is for."""

Money = Annotated[float, Meta(ge=0)]


class Price(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What a cloud takes for a million tokens."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    """The model there."""
    input: Money
    """For prompts."""
    output: Money
    """For answers, with what the model thinks."""
    embeddings: Money = 0.02
    """For texts that are embedded, by whichever model the same cloud has for it."""
    currency: str = "USD"
    """The money of these prices."""
    as_of: str = ""
    """When they were looked up."""


# List prices of the vendors, without their discounts for caches and batches. They change: the day
# beside each says how old it is.
EXAMPLES = (
    Price(name="gpt-5-mini", input=0.25, output=2.0, as_of="2026-06-20"),
    Price(name="gpt-5", input=1.25, output=10.0, as_of="2026-06-20"),
    Price(name="claude-haiku-4.5", input=1.0, output=5.0, as_of="2026-06"),
    Price(name="claude-sonnet-4.6", input=3.0, output=15.0, as_of="2026-06"),
)


class Traffic(Struct, frozen=True, kw_only=True):
    """Tokens that a cloud would have been paid for; those that a cache answered too."""

    input: int = 0
    output: int = 0
    embedded: int = 0
    requests: int = 0
    cost: float = 0.0
    """What it cost here."""


def in_the_cloud(
    traffic: Traffic, prices: Sequence[Price], currency: str, exchange: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return what the traffic would have cost at each price, in `currency`.

    `exchange` is the money of `currency` for one of another. What is in a money that it does not
    know is shown in that, and compared with nothing.
    """
    return [_compared(traffic, price, currency, exchange) for price in prices]


def _compared(
    traffic: Traffic, price: Price, currency: str, exchange: Mapping[str, float]
) -> dict[str, Any]:
    cost = (
        traffic.input * price.input
        + traffic.output * price.output
        + traffic.embedded * price.embeddings
    ) / PER
    rate = 1.0 if price.currency == currency else exchange.get(price.currency)
    here = None if rate is None else cost * rate
    return {
        "name": price.name,
        "as_of": price.as_of or None,
        "price": {
            name: value for name, value in asdict(price).items() if name not in ("name", "as_of")
        },
        "cost": None if here is None else round(here, 6),
        "cost_in_its_currency": round(cost, 6),
        "cost_per_1000_requests": (
            None
            if here is None or not traffic.requests
            else round(1000 * here / traffic.requests, 6)
        ),
        "savings": None if here is None else round(here - traffic.cost, 6),
    }

"""What stands around the values: names, places, sums, dates and numbers of orders."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from random import Random
from string import ascii_uppercase

from faker import Faker

_SUMS: dict[str, Callable[[str], str]] = {
    "en_US": lambda number: f"${number}",
    "en_GB": lambda number: f"\u00a3{number}",
    "de_DE": lambda number: f"{number.replace('.', ',')} \u20ac",
    "fr_FR": lambda number: f"{number.replace('.', ',')} \u20ac",
    "es_ES": lambda number: f"{number.replace('.', ',')} \u20ac",
    "it_IT": lambda number: f"{number.replace('.', ',')} \u20ac",
    "pl_PL": lambda number: f"{number.replace('.', ',')} z\u0142",
    "sv_SE": lambda number: f"{number.replace('.', ',')} kr",
}


def around(random: Random, locale: str) -> dict[str, str]:
    """Return a person, a place, a day, a sum and an order, none of which must be found."""
    faker = _faker(locale)
    faker.seed_instance(random.getrandbits(64))
    number = f"{random.randint(1, 2000)}.{random.randint(0, 99):02}"
    order = random.choice(
        (
            str(random.randint(10_000, 9_999_999)),
            f"{''.join(random.choices(ascii_uppercase, k=2))}-{random.randint(100, 99_999)}",
            f"2026-{random.randint(1, 9999):04}",
        )
    )
    return {
        "name": f"{faker.first_name()} {faker.last_name()}",
        "city": faker.city(),
        "company": faker.company(),
        "date": (date(2023, 1, 1) + timedelta(days=random.randint(0, 1400))).isoformat(),
        "amount": _SUMS[locale](number),
        "order": order,
    }


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)

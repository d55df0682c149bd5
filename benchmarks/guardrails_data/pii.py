"""Samples of personal data and secrets in sentences, code, tables and logs of eight locales."""

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.guardrails_data import contact, credentials, finance, national
from benchmarks.guardrails_data.people import around
from benchmarks.guardrails_data.sample import Sample, Value, fill, seeded

LOCALES = {
    "en_US": ("GB", "IE", "DE"),
    "en_GB": ("GB", "IE"),
    "de_DE": ("DE", "AT", "CH"),
    "fr_FR": ("FR", "BE", "CH"),
    "es_ES": ("ES",),
    "it_IT": ("IT", "CH"),
    "pl_PL": ("PL", "DE"),
    "sv_SE": ("SE", "NL"),
}
"""Where people live, and the countries of their bank accounts."""
PACKS: dict[str, tuple[Callable[[Random], Value], ...]] = {
    "en_US": (national.us_ssn,),
    "en_GB": (national.uk_nhs, national.uk_nino),
    "de_DE": (national.de_tax_id,),
    "fr_FR": (national.fr_nir,),
    "es_ES": (national.es_dni,),
    "it_IT": (national.it_cf,),
    "pl_PL": (national.pl_pesel,),
    "sv_SE": (national.se_personnummer,),
}
_TOKENS = (credentials.token, credentials.token, credentials.token, credentials.jwt)
_BLOCKS = (credentials.pem, credentials.connection, credentials.azure, credentials.assignment)
_FRAMES: dict[str, Any] = tomllib.loads((Path(__file__).parent / "frames.toml").read_text("utf-8"))


@cache
def samples(count: int = 2_400, seed: int = 5) -> tuple[Sample, ...]:
    """Return so many samples, equally many of each kind and locale; the same for each seed."""
    random = seeded(seed)
    locales = list(LOCALES)
    return tuple(_sample(random, locales[at % len(locales)], at) for at in range(count))


def secret(random: Random) -> Value:
    """Return a token, a private key, or another secret that the shipped rules must hold back."""
    return random.choice((*_TOKENS, *_BLOCKS[:3]))(random)


def _sample(random: Random, locale: str, at: int) -> Sample:
    slots: dict[str, str | Value] = dict(around(random, locale))
    kind = at // len(LOCALES) % 10
    if kind in (0, 1):
        return _secret(random, locale, slots, is_block=kind == 1 and random.random() < 0.5)
    if kind == 2 and random.random() < 0.3:
        return _card_with_code(random, locale, slots)
    if kind == 3 and random.random() < 0.3:
        slots["value"] = finance.account(random, LOCALES[locale])
        return fill(random.choice(_FRAMES["accounts"]), locale, slots)
    value = _value(random, locale, kind, str(slots["name"]))
    return _framed(random, locale, value, slots)


def _value(random: Random, locale: str, kind: int, name: str) -> Value:
    if kind == 2:
        return finance.card(random)
    if kind == 3:
        return finance.account(random, LOCALES[locale])
    if kind in (4, 5):
        return contact.email(random, locale, name)
    if kind == 6:
        return contact.phone(random, locale)
    if kind == 7:
        return contact.address(random) if random.random() < 0.6 else contact.wallet(random)
    return random.choice(PACKS[locale])(random)


def _framed(random: Random, locale: str, value: Value, slots: dict[str, str | Value]) -> Sample:
    language = _FRAMES[locale[:2]]
    slots |= {
        "value": value,
        "label": random.choice(language["labels"][value.kind]),
        "key": random.choice(_FRAMES["keys"][value.kind]),
    }
    text = random.choice(language["sentences"] if random.random() < 0.6 else _FRAMES["formats"])
    if random.random() < 0.15:
        text += "\n" + random.choice(language["sentences"]).replace("{value}", "{order}")
    return fill(text, locale, slots)


def _secret(
    random: Random, locale: str, slots: dict[str, str | Value], *, is_block: bool
) -> Sample:
    slots["value"] = random.choice(_BLOCKS if is_block else _TOKENS)(random)
    return fill(random.choice(_FRAMES["blocks" if is_block else "secrets"]), locale, slots)


def _card_with_code(random: Random, locale: str, slots: dict[str, str | Value]) -> Sample:
    slots["value"] = value = finance.card(random)
    slots["code"] = finance.code_after(random, value.text)
    return fill(random.choice(_FRAMES["cards"]), locale, slots)

"""The values that detectors are measured with are right ones, by libraries that others wrote."""

from collections.abc import Callable
from random import Random

import phonenumbers
import pytest
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.it import codicefiscale
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from benchmarks.guardrails_data import checksums, contact, credentials, finance, national
from benchmarks.guardrails_data.pii import LOCALES
from benchmarks.guardrails_data.sample import Value, seeded
from plugins.auth.keys.format import parse

TIMES = 300


@pytest.fixture
def random() -> Random:
    """Return the same source of values for each test."""
    return seeded(1)


@pytest.mark.parametrize(
    ("make", "is_valid"),
    [
        (national.us_ssn, ssn.is_valid),
        (national.uk_nhs, nhs.is_valid),
        (national.de_tax_id, idnr.is_valid),
        (national.fr_nir, nir.is_valid),
        (national.es_dni, lambda text: dni.is_valid(text) or nie.is_valid(text)),
        (national.it_cf, codicefiscale.is_valid),
        (national.pl_pesel, pesel.is_valid),
        (national.se_personnummer, personnummer.is_valid),
        (finance.card, luhn.is_valid),
    ],
)
def test_numbers(
    random: Random, make: Callable[[Random], Value], is_valid: Callable[[str], bool]
) -> None:
    """Each number has the check digits that it needs."""
    texts = [make(random).text.replace("-", " ").replace(" ", "") for _ in range(TIMES)]
    assert [text for text in texts if not is_valid(text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_accounts(random: Random, locale: str) -> None:
    """Each IBAN has the check digits of its country too, and the length."""
    accounts = [finance.account(random, LOCALES[locale]).text.upper() for _ in range(TIMES)]
    assert [each for each in accounts if not iban.is_valid(each.replace("-", ""))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_phones(random: Random, locale: str) -> None:
    """Each telephone number is one that its country may give out."""
    phones = [contact.phone(random, locale).text for _ in range(TIMES)]
    written = [f"+{each[2:]}" if each.startswith("00") else each for each in phones]
    parsed = [phonenumbers.parse(each, locale[-2:]) for each in written]
    assert [each for each in parsed if not phonenumbers.is_valid_number(each)] == []


def test_security_codes(random: Random) -> None:
    """A code behind a card makes no longer card of it."""
    card = finance.card(random)
    code = finance.code_after(random, card.text)
    assert not luhn.is_valid("".join(filter(str.isdigit, card.text)) + code)


def test_tokens(random: Random) -> None:
    """Tokens have their issuers' checksums: this router's, and GitHub's by a published example."""
    tokens = [credentials.token(random) for _ in range(2_000)]
    own = [each.text for each in tokens if each.form == "this router"]
    assert own
    assert all(parse(each) for each in own)
    assert checksums.crc_base62("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == "0mLq17"


def test_wallets() -> None:
    """Addresses are those that BIP 173, BIP 350 and Bitcoin's first block give as examples."""
    first = bytes.fromhex("0062e907b15cbf27d5425399ebf6f0fb50ebb88f18")
    program = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")
    taproot = bytes.fromhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    assert checksums.base58check(first) == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert checksums.bech32("bc", 0, program) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert checksums.bech32("bc", 1, taproot) == (
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
    )

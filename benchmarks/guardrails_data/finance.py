"""Payment cards and bank accounts that have right check digits and belong to nobody known."""

from collections.abc import Callable
from random import Random
from string import digits

from benchmarks.guardrails_data.checksums import ean, iban, italian, luhn, passes_luhn, weighted
from benchmarks.guardrails_data.sample import Value

BRANDS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "visa": (("4",), (16, 16, 16, 13, 19)),
    "mastercard": (("51", "52", "53", "54", "55", "2221", "2345", "2500", "2699", "2720"), (16,)),
    "amex": (("34", "37"), (15,)),
    "discover": (("6011", "644", "649", "65"), (16,)),
    "jcb": (("3528", "3566", "3589"), (16,)),
    "diners": (("300", "305", "36", "38", "39"), (14,)),
    "unionpay": (("62",), (16, 19)),
}
"""First digits and lengths of each brand's numbers (ISO/IEC 7812, the issuers' own tables)."""
_GROUPS = {14: (4, 6, 4), 15: (4, 6, 5), 16: (4, 4, 4, 4), 19: (4, 4, 4, 4, 3)}


def card(random: Random) -> Value:
    """Return a payment card, bare, in groups, or with what often stands behind it."""
    brand = random.choice(list(BRANDS))
    number = _card_number(random, brand)
    separator = random.choice(["", "", " ", " ", "-"])
    if separator and (groups := _GROUPS.get(len(number))):
        parts, at = [], 0
        for length in groups:
            parts.append(number[at : at + length])
            at += length
        return Value("card", separator.join(parts), form=f"{brand} {separator or 'bare'}")
    return Value("card", number, form=f"{brand} bare")


def code_after(random: Random, number: str) -> str:
    """Return a security code that cannot be read as the end of a longer card number."""
    bare = "".join(each for each in number if each.isdigit())
    while True:
        code = "".join(random.choices(digits, k=3))
        if not any(passes_luhn(bare + code[:length]) for length in (1, 2, 3)):
            return code


def account(random: Random, countries: tuple[str, ...]) -> Value:
    """Return an IBAN, as it is printed or as it is stored."""
    country = random.choice(countries)
    text = iban(country, _ACCOUNTS[country](random))
    form = random.choice(["stored", "printed", "printed", "printed", "small", "dashes"])
    if form in ("printed", "dashes"):
        separator = " " if form == "printed" else "-"
        text = separator.join(text[at : at + 4] for at in range(0, len(text), 4))
    if form == "small":
        text = text.lower()
    return Value("iban", text, form=f"{country} {form}")


def _card_number(random: Random, brand: str) -> str:
    prefixes, lengths = BRANDS[brand]
    while True:
        body = random.choice(prefixes)
        body += _digits(random, random.choice(lengths) - 1 - len(body))
        check = luhn(body)
        # What is a right barcode too is either: nobody could tell.
        if len(body) != 12 or ean(body) != check:
            return body + check


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(digits, k=count))


def _spanish(random: Random) -> str:
    """Bank, branch, two check digits of modulus 11, account."""
    bank, own = _digits(random, 8), _digits(random, 10)
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
    checks = [11 - weighted(each, weights, 11) for each in (f"00{bank}", own)]
    return bank + "".join({10: "1", 11: "0"}.get(each, str(each)) for each in checks) + own


def _french(random: Random) -> str:
    """Bank, branch, account, and a key of modulus 97."""
    bank, branch, own = _digits(random, 5), _digits(random, 5), _digits(random, 11)
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(own)) % 97
    return f"{bank}{branch}{own}{key:02}"


def _italian(random: Random) -> str:
    """A check letter over bank, branch and account."""
    own = _digits(random, 22)
    return italian(own) + own


def _polish(random: Random) -> str:
    """A bank's number with its check digit, and an account."""
    bank = _digits(random, 7)
    check = -weighted(bank, (3, 9, 7, 1, 3, 9, 7), 10) % 10
    return f"{bank}{check}{_digits(random, 16)}"


def _belgian(random: Random) -> str:
    own = random.choice(["001", "063", "310", "734"]) + _digits(random, 7)
    return f"{own}{int(own) % 97 or 97:02}"


def _british(random: Random) -> str:
    return random.choice(["BARC", "HBUK", "LOYD", "NWBK"]) + _digits(random, 14)


def _dutch(random: Random) -> str:
    """A bank's letters and an account whose weighted sum is divided by eleven."""
    weights = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    while True:
        own = _digits(random, 10)
        if weighted(own, weights, 11) == 0:
            return random.choice(["ABNA", "INGB", "RABO"]) + own


_ACCOUNTS: dict[str, Callable[[Random], str]] = {
    "AT": lambda random: _digits(random, 16),
    "BE": _belgian,
    "CH": lambda random: _digits(random, 17),
    "DE": lambda random: _digits(random, 18),
    "ES": _spanish,
    "FR": _french,
    "GB": _british,
    "IE": lambda random: f"AIBK{_digits(random, 14)}",
    "IT": _italian,
    "NL": _dutch,
    "PL": _polish,
    "SE": lambda random: _digits(random, 20),
}

"""E-mail addresses, telephone numbers, addresses of hosts, and of wallets."""

import ipaddress
import unicodedata
from random import Random
from string import ascii_lowercase, digits

from benchmarks.guardrails_data.checksums import base58check, bech32
from benchmarks.guardrails_data.sample import Value

DOMAINS = {
    "en_US": ("gmail.com", "outlook.com", "acme-tools.io", "mail.cs.state.edu", "northwind.us"),
    "en_GB": ("btinternet.com", "nhs.net", "harbour-lights.co.uk", "kings.ac.uk", "yahoo.co.uk"),
    "de_DE": ("gmx.de", "web.de", "stadtwerke-ulm.de", "m\u00fcller-bau.de", "posteo.net"),
    "fr_FR": ("orange.fr", "laposte.net", "free.fr", "atelier-dubois.fr", "univ-lyon1.fr"),
    "es_ES": ("telefonica.es", "correo.ugr.es", "hotmail.es", "bodegas-luna.es", "gmail.com"),
    "it_IT": ("libero.it", "pec.comune.it", "virgilio.it", "officina-rossi.it", "unibo.it"),
    "pl_PL": ("wp.pl", "onet.pl", "poczta.firma.com.pl", "interia.pl", "uw.edu.pl"),
    "sv_SE": ("telia.com", "kth.se", "hemma.nu", "bj\u00f6rkdal.se", "spray.se"),
}
_PHONES = {
    # Of each: the country, then national numbers as they are written there; # is any digit,
    # a leading 0 in brackets is left out behind the country's code.
    "en_US": ("1", ("(212) 555-01##", "415-555-01##", "312.555.01##", "(646) 731-4###")),
    "en_GB": ("44", ("020 7946 0###", "07400 123###", "0161 496 0###", "0113 496 ####")),
    "de_DE": ("49", ("030 23125###", "0151 2345####", "089/1234###", "0221-4710-####")),
    "fr_FR": ("33", ("01 42 68 5# ##", "06 12 #4 ## ##", "04.72.40.##.##", "07 56 78 ## ##")),
    "es_ES": ("34", ("612 34# ###", "91 523 ## ##", "934 12 ## ##", "654-12-##-##")),
    "it_IT": ("39", ("02 8646 ####", "347 123 ####", "06-6982-####", "333 45 67 ###")),
    "pl_PL": ("48", ("22 621 ## ##", "601 234 ###", "12 422-##-##", "512-34#-###")),
    "sv_SE": ("46", ("08-123 4# ##", "070-174 06 ##", "031-701 ## ##", "073 512 ## ##")),
}
_NO_TRUNK = ("it_IT", "es_ES", "pl_PL", "en_US")
"""Where a number keeps all its digits behind the country's code."""


def email(random: Random, locale: str, name: str) -> Value:
    """Return an address that this person may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = ["".join(filter(str.isalnum, each)) for each in plain.split()]
    first, last = words[0] or "a", words[-1] or "b"
    number = random.randint(1, 99)
    local = random.choice(
        [
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{last}_{first}",
            f"{first}{number}",
            f"{first}.{last}+shop{number}",
            f"{first}-{last}",
            f"{first.title()}.{last.title()}",
            f"x{number}.{random.choice(ascii_lowercase)}",
        ]
    )
    domain = random.choice(DOMAINS[locale])
    form = "idn" if not domain.isascii() else "plus" if "+" in local else "plain"
    if random.random() < 0.06:
        domain, form = domain.upper(), "capitals"
    return Value("email", f"{local}@{domain}", form=form)


def phone(random: Random, locale: str) -> Value:
    """Return a telephone number: mostly with its country, else as it is written at home."""
    country, forms = _PHONES[locale]
    national = "".join(
        random.choice(digits) if each == "#" else each for each in random.choice(forms)
    )
    form = random.choices(["national", "spaced", "bare", "zeros"], (3, 4, 2, 1))[0]
    if form == "national":
        return Value("phone", national, form=f"{locale} national")
    rest = national if locale in _NO_TRUNK else national[1:]
    if form == "bare":
        rest = "".join(filter(str.isdigit, rest))
        return Value("phone", f"+{country}{rest}", form=f"{locale} bare")
    sign = "00" if form == "zeros" else "+"
    return Value("phone", f"{sign}{country} {rest}", form=f"{locale} {form}")


def address(random: Random) -> Value:
    """Return a public address of a host."""
    if random.random() < 0.65:
        while True:
            four = ipaddress.IPv4Address(random.randint(0x01000000, 0xDFFFFFFF))
            # Small parts make a version as likely as an address: nobody could tell.
            if four.is_global and sum(part > 30 for part in four.packed) >= 2:
                return Value("network", str(four), form="IPv4")
    groups = [0x2A00 + random.randint(0, 255), random.randint(1, 0xFFFF), *([0] * 6)]
    for at in range(2, 8):
        groups[at] = random.choice((0, 0, random.randint(1, 0xFFFF)))
    groups[7] = groups[7] or 1
    six = ipaddress.IPv6Address(sum(each << 16 * (7 - at) for at, each in enumerate(groups)))
    long = random.random() < 0.3
    return Value("network", six.exploded if long else str(six), form="IPv6")


def wallet(random: Random) -> Value:
    """Return an address of Bitcoin."""
    form = random.choice(["P2PKH", "P2SH", "SegWit", "Taproot"])
    if form in ("P2PKH", "P2SH"):
        version = b"\x00" if form == "P2PKH" else b"\x05"
        return Value("crypto", base58check(version + random.randbytes(20)), form=form)
    if form == "SegWit":
        return Value(
            "crypto", bech32("bc", 0, random.randbytes(random.choice((20, 32)))), form=form
        )
    return Value("crypto", bech32("bc", 1, random.randbytes(32)), form=form)

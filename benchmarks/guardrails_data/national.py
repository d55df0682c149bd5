"""Numbers that states give to people, with right check digits."""

from datetime import date, timedelta
from random import Random

from benchmarks.guardrails_data.checksums import iso_7064_11_10, italian, luhn, weighted
from benchmarks.guardrails_data.sample import Value


def us_ssn(random: Random) -> Value:
    """Return a US social security number (SSA: areas, groups and serials that are given out)."""
    area = random.choice([each for each in range(1, 900) if each != 666])
    number = f"{area:03}-{random.randint(1, 99):02}-{random.randint(1, 9999):04}"
    return Value("us_ssn", number, form="dashes")


def uk_nhs(random: Random) -> Value:
    """Return an NHS number: modulus 11."""
    while True:
        body = (
            f"{random.choice([*range(400, 500), *range(600, 800)])}{random.randint(0, 999999):06}"
        )
        check = 11 - weighted(body, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)
        if check != 10:
            break
    number = f"{body}{check % 11}"
    separator = random.choice(["", " ", " ", "-"])
    text = separator.join((number[:3], number[3:6], number[6:]))
    return Value("uk", text, form=f"NHS {separator or 'bare'}")


def uk_nino(random: Random) -> Value:
    """Return a British national insurance number (HMRC NIM39110)."""
    while True:
        prefix = random.choice("ABCEGHJKLMNOPRSTWXYZ") + random.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
            break
    pairs = [f"{random.randint(0, 99):02}" for _ in range(3)]
    separator = random.choice(["", " "])
    text = separator.join((prefix, *pairs, random.choice("ABCD")))
    return Value("uk", text, form=f"NINO {separator or 'bare'}")


def de_tax_id(random: Random) -> Value:
    """Return a German tax number (BZSt: one digit twice or three times, ISO 7064 mod 11, 10)."""
    while True:
        repeats = random.choice((2, 3))
        chosen = random.sample("0123456789", 11 - repeats)
        body = chosen + [chosen[0]] * (repeats - 1)
        random.shuffle(body)
        number = "".join(body)
        if number[0] != "0" and chosen[0] * 3 not in number:
            break
    number += iso_7064_11_10(number)
    if random.random() < 0.5:
        number = f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"
    return Value("de", number, form="spaces" if " " in number else "bare")


def fr_nir(random: Random) -> Value:
    """Return a French social security number (INSEE: modulus 97; Corsica has letters)."""
    place = random.choice([f"{each:02}" for each in range(1, 96) if each != 20] + ["2A", "2B"] * 5)
    parts = [
        random.choice("12"),
        f"{random.randint(0, 99):02}",
        f"{random.randint(1, 12):02}",
        place,
        f"{random.randint(1, 399):03}",
        f"{random.randint(1, 999):03}",
    ]
    number = "".join(parts).replace("2A", "19").replace("2B", "18")
    parts.append(f"{97 - int(number) % 97:02}")
    separator = random.choice(["", " "])
    form = ("Corsica " if place.isalnum() and not place.isdigit() else "") + (separator or "bare")
    return Value("fr", separator.join(parts), form=form)


def es_dni(random: Random) -> Value:
    """Return a Spanish identity number, of a citizen or of a foreigner: modulus 23."""
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    separator = random.choice(["", "", "-"])
    if random.random() < 0.6:
        number = random.randint(1_000_000, 99_999_999)
        return Value("es", f"{number:08}{separator}{letters[number % 23]}", form="DNI")
    first, number = random.randint(0, 2), random.randint(0, 9_999_999)
    letter = letters[int(f"{first}{number:07}") % 23]
    text = f"{'XYZ'[first]}{separator}{number:07}{separator}{letter}"
    return Value("es", text, form="NIE")


def it_cf(random: Random) -> Value:
    """Return an Italian tax code (decree of 23 December 1976)."""
    consonants, vowels = "BCDFGHLMNPRSTVZ", "AEIOU"
    names = "".join(
        random.choice(consonants) + random.choice(consonants) + random.choice(consonants + vowels)
        for _ in range(2)
    )
    day = random.randint(1, 28) + random.choice((0, 40))
    body = f"{names}{random.randint(0, 99):02}{random.choice('ABCDEHLMPRST')}{day:02}"
    body += f"{random.choice('ABCDEFGHIL')}{random.randint(1, 999):03}"
    return Value("it", body + italian(body), form="codice fiscale")


def pl_pesel(random: Random) -> Value:
    """Return a Polish PESEL: a date, a serial and a weighted sum."""
    born = _date(random)
    month = born.month + (20 if born.year >= 2000 else 0)
    body = f"{born.year % 100:02}{month:02}{born.day:02}{random.randint(0, 9999):04}"
    check = -weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10) % 10
    return Value("pl", f"{body}{check}", form="PESEL")


def se_personnummer(random: Random) -> Value:
    """Return a Swedish personal number: a date, a serial and Luhn's digit."""
    born = _date(random)
    serial = f"{random.randint(1, 979):03}"
    short = f"{born:%y%m%d}"
    check = luhn(short + serial)
    day = short if random.random() < 0.5 else f"{born:%Y%m%d}"
    return Value("se", f"{day}-{serial}{check}", form=f"{len(day)} digits of date")


def _date(random: Random) -> date:
    return date(1935, 1, 1) + timedelta(days=random.randint(0, 80 * 365))

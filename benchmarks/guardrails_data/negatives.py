"""Hard negatives: numbers and words that look like personal data or secrets, and are none."""

import hashlib
import ipaddress
import uuid
from collections.abc import Callable
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from benchmarks.guardrails_data.checksums import ean, passes_luhn
from benchmarks.guardrails_data.credentials import opaque
from benchmarks.guardrails_data.sample import Sample, Value, fill, seeded

_HEX = digits + "abcdef"


def negatives(count: int = 1_500, seed: int = 7) -> list[tuple[str, Sample]]:
    """Return so many texts in which nothing is to be found, each with the name of its kind."""
    random = seeded(seed)
    kinds = list(_KINDS)
    return [_negative(random, kinds[at % len(kinds)]) for at in range(count)]


def _negative(random: Random, kind: str) -> tuple[str, Sample]:
    make, frames = _KINDS[kind]
    slots: dict[str, str | Value] = {"value": make(random)}
    if "{other}" in (frame := random.choice(frames)):
        slots["other"] = make(random)
    return kind, fill(frame, "en_US", slots)


def _digits(random: Random, count: int) -> str:
    return random.choice("123456789") + "".join(random.choices(digits, k=count - 1))


def _letters(random: Random, count: int) -> str:
    return "".join(random.choices(ascii_uppercase, k=count))


def _milliseconds(random: Random) -> str:
    return str(random.randint(1_600_000_000_000, 1_800_000_000_000))


def _microseconds(random: Random) -> str:
    return str(random.randint(1_600_000_000_000_000, 1_800_000_000_000_000))


def _nanoseconds(random: Random) -> str:
    return str(random.randint(1_600_000_000, 1_800_000_000)) + _digits(random, 9)


def _seconds(random: Random) -> str:
    return str(random.randint(1_500_000_000, 1_800_000_000))


def _long_number(random: Random) -> str:
    return _digits(random, random.choice((8, 9, 10, 11, 12)))


def _hash(random: Random) -> str:
    algorithm = random.choice(("md5", "sha1", "sha1", "sha256"))
    text = hashlib.new(algorithm, random.randbytes(8), usedforsecurity=False).hexdigest()
    return text[: random.choice((7, 8, 10, len(text), len(text)))]


def _uuid(random: Random) -> str:
    return str(uuid.UUID(bytes=random.randbytes(16), version=4))


def _ean(random: Random) -> str:
    while True:
        body = random.choice(("978", "979", "400", "501", "761")) + _digits(random, 9)
        number = f"{body}{ean(body)}"
        # What is a right card of Visa too is either: nobody could tell.
        if number[0] != "4" or not passes_luhn(number):
            break
    if number[:2] == "97" and random.random() < 0.6:
        return f"{number[:3]}-{number[3]}-{number[4:8]}-{number[8:12]}-{number[12]}"
    return number


def _tracking(random: Random) -> str:
    return random.choice(
        (
            f"1Z{_letters(random, 3)}{_digits(random, 3)}{_digits(random, 10)}",
            f"{_letters(random, 2)}{_digits(random, 9)}DE",
            f"JD0146{_digits(random, 12)}",
            f"TBA{_digits(random, 12)}",
        )
    )


def _invoice(random: Random) -> str:
    return random.choice(
        (
            f"INV-2026-{_digits(random, 6)}",
            f"RE{_digits(random, 8)}",
            f"2026/{_digits(random, 5)}",
            f"F-{_digits(random, 4)}-{_digits(random, 4)}",
        )
    )


def _order(random: Random) -> str:
    return random.choice(
        (
            f"{_digits(random, 3)}-{_digits(random, 7)}-{_digits(random, 7)}",
            f"#{_digits(random, 8)}",
            f"{_digits(random, 5)}-{_digits(random, 2)}",
            _digits(random, 6),
        )
    )


def _version(random: Random) -> str:
    parts = [str(random.randint(0, 30)) for _ in range(3)]
    suffix = random.choice(("", "", "-rc.1", "+build.77", ".dev3", "-alpha.2"))
    return random.choice(("", "v")) + ".".join(parts) + suffix


def _four_parts(random: Random) -> str:
    return ".".join(str(random.randint(0, 30)) for _ in range(4))


def _date(random: Random) -> str:
    year, month, day = random.randint(1990, 2030), random.randint(1, 12), random.randint(1, 28)
    clock = f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
    return random.choice(
        (
            f"{year}-{month:02}-{day:02}",
            f"{day:02}.{month:02}.{year}",
            f"{month:02}/{day:02}/{year}",
            f"{year}{month:02}{day:02}",
            f"{year}{month:02}{day:02}T{clock.replace(':', '')}Z",
            f"{year}-{month:02}-{day:02} {clock}.{random.randint(0, 999999):06}",
            f"{year}-{month:02}-{day:02}T{clock}+02:00",
        )
    )


def _coordinates(random: Random) -> str:
    latitude, longitude = random.uniform(-90, 90), random.uniform(-180, 180)
    places = random.choice((4, 6, 8, 15))
    return f"{latitude:.{places}f}, {longitude:.{places}f}"


def _dump(random: Random) -> str:
    rows = []
    for at in range(random.randint(2, 5)):
        raw = random.randbytes(16)
        shown = "".join(chr(each) if 32 < each < 127 and each != 64 else "." for each in raw)
        rows.append(f"{at * 16:08x}  {raw[:8].hex(' ')}  {raw[8:].hex(' ')}  |{shown}|")
    return "\n".join(rows)


def _image(random: Random) -> str:
    return "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA" + opaque(random, 300) + "="


def _digest(random: Random) -> str:
    algorithm, length = random.choice((("sha256", 43), ("sha512", 86)))
    return f"{algorithm}-{opaque(random, length)}="


def _part(random: Random) -> str:
    return random.choice(
        (
            f"{_letters(random, 3)}{_digits(random, 4)}-{_digits(random, 3)}",
            f"{_digits(random, 3)}.{_digits(random, 4)}.{_digits(random, 2)}",
            f"{_letters(random, 2)}-{_digits(random, 6)}-{_letters(random, 1)}",
        )
    )


def _colour(random: Random) -> str:
    length = random.choice((3, 6, 6, 8))
    return "#" + "".join(random.choices(_HEX, k=length))


def _mac(random: Random) -> str:
    return random.choice((":", "-")).join(f"{each:02x}" for each in random.randbytes(6))


def _build(random: Random) -> str:
    return str(ipaddress.IPv4Address(0x0A000000 + random.randint(1, 0xFFFFFF)))


def _failing_card(random: Random) -> str:
    """Sixteen digits of a card's beginning whose check digit is wrong."""
    while True:
        number = random.choice(("4", "51", "62")) + _digits(random, 14)
        number = (number + "0")[:16]
        if not passes_luhn(number):
            return number


def _sum(random: Random) -> str:
    left, right = random.randint(10**6, 10**9), random.randint(10**6, 10**9)
    return f"{left} * {right} = {left * right}"


def _thousands(random: Random) -> str:
    return f"{random.randint(10**6, 10**12):,}".replace(",", random.choice((",", " ", ".")))


def _placeholder(random: Random) -> str:
    return random.choice(
        (
            "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "AKIAIOSFODNN7EXAMPLE",
            "${API_KEY}",
            "<your-api-key>",
            "Bearer $TOKEN",
            "xxxx-xxxx-xxxx-1234",
            "XXX-XX-XXXX",
            "name[at]place",
            "process.env.API_KEY",
            "os.environ['SECRET_KEY']",
            "****************4242",
            "postgres://user:${DB_PASSWORD}@db/app",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
        )
    )


def _code(random: Random) -> str:
    name = "".join(random.choices(ascii_lowercase, k=6))
    return random.choice(
        (
            f"@dataclass\nclass {name.title()}:\n    {name}: int = {_digits(random, 5)}",
            f"x = a @ b.T  # {name}",
            f"{name}@{random.randint(1, 9)}.{random.randint(0, 20)}.{random.randint(0, 9)}",
            f"std::{name}::iterator it = {name}.begin();",
            f"git@{name}:team/{name}.git",
            f"@{name} mentioned you in {name}#{_digits(random, 4)}",
            f"image: {name}/{name}@sha256:{hashlib.sha256(random.randbytes(4)).hexdigest()}",
            f"0x{''.join(random.choices(_HEX, k=random.choice((8, 16))))}",
            f"aa::{name}",
            f"password: string; // {name}",
            f"def password_hash(self, {name}: str) -> str: ...",
            f"secret = get_secret('{name}')",
        )
    )


def _phone_like(random: Random) -> str:
    return random.choice(
        (
            f"+{random.randint(1, 99)}.{random.randint(0, 9)} %",
            f"pages {random.randint(100, 400)}-{random.randint(401, 900)}",
            f"+{_digits(random, 3)} lines, -{_digits(random, 3)} lines",
            f"room {random.randint(100, 999)}-{random.randint(1000, 9999)}",
            f"{random.randint(1900, 1999)}-{random.randint(2000, 2026)}",
            f"ISO {random.randint(1000, 9999)}-{random.randint(1, 9)}:2018",
            f"RFC {random.randint(1000, 9999)}",
            f"lot {_digits(random, 4)}/{_digits(random, 2)}",
        )
    )


def _score(random: Random) -> str:
    return " ".join(f"{random.uniform(0, 1):.4f}" for _ in range(random.randint(4, 9)))


def _ids(random: Random) -> str:
    return "[" + ", ".join(_digits(random, random.choice((4, 5, 6))) for _ in range(6)) + "]"


_LOGS = (
    "{value}",
    'ts={value} level=info msg="done"',
    "started at {value}, ended at {other}",
    '{"t": {value}, "v": 0.5}',
    "Why is {value} not what I expect?",
)
_TEXTS = (
    "{value}",
    "Please look at {value}.",
    "Is {value} newer than {other}?",
    "| {value} | {other} |",
    '{"id": "{value}"}',
    "see {value} (and {other}) for more",
)

_KINDS: dict[str, tuple[Callable[[Random], str], tuple[str, ...]]] = {
    "milliseconds": (_milliseconds, _LOGS),
    "microseconds": (_microseconds, _LOGS),
    "nanoseconds": (_nanoseconds, _LOGS),
    "seconds": (_seconds, _LOGS),
    "long number": (_long_number, (*_LOGS, *_TEXTS, "customer {value}", "row_id={value}")),
    "hash": (_hash, (*_TEXTS, "commit {value}\nparent {other}", "git revert {value}")),
    "uuid": (_uuid, (*_TEXTS, "GET /items/{value} 404", "trace={value} span={other}")),
    "EAN or ISBN": (_ean, (*_TEXTS, "ISBN {value}", "EAN: {value}")),
    "tracking number": (_tracking, (*_TEXTS, "Your parcel {value} is on its way.")),
    "invoice": (_invoice, (*_TEXTS, "Invoice {value} is due on 3 May.")),
    "order": (_order, (*_TEXTS, "Where is my order {value}?")),
    "version": (_version, (*_TEXTS, "Upgraded from {value} to {other}.", "pip install x=={value}")),
    "date": (_date, _TEXTS),
    "coordinates": (_coordinates, _TEXTS),
    "hex dump": (_dump, ("{value}", "What is this?\n\n{value}")),
    "image": (_image, ("{value}", "![]({value})", 'src="{value}"')),
    "integrity": (_digest, (*_TEXTS, 'integrity="{value}"')),
    "part number": (_part, (*_TEXTS, "We need 20 of {value}.")),
    "colour": (_colour, (*_TEXTS, "color: {value}; background: {other};")),
    "MAC": (_mac, (*_TEXTS, "link/ether {value} brd ff:ff:ff:ff:ff:ff")),
    "version of four parts": (
        _four_parts,
        ("version {value}", "v{value}", "Upgraded from v{value} to v{other}.", "x=={value}"),
    ),
    "build": (_build, ("build {value}-beta of the firmware",)),
    "failing card": (_failing_card, _TEXTS),
    "sum": (_sum, ("{value}", "Check: {value}", "`{value}`")),
    "thousands": (_thousands, (*_TEXTS, "It costs {value} in total.")),
    "placeholder": (_placeholder, (*_TEXTS, "TOKEN={value}", "set it to {value}")),
    "code": (_code, ("{value}", "```\n{value}\n```", "What does `{value}` do?")),
    "like a phone": (_phone_like, _TEXTS),
    "scores": (_score, ("{value}", "losses: {value}")),
    "identifiers": (_ids, ("{value}", "tokens = {value}")),
}

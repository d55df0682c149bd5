"""International bank account numbers."""

import re
from functools import lru_cache

from plugins.guardrails.pii.entities.checksums import mod97
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, bare
from plugins.guardrails.stream.rule import Rule

# The structure of each country's own part, of the SWIFT IBAN registry, release 101: lengths of
# digits (n), capitals (a), and either (c).
_REGISTRY = """
AD=8n12c AE=19n AL=8n16c AT=16n AZ=4a20c BA=16n BE=12n BG=4a6n8c BH=4a14c BI=23n BR=23n1a1c
BY=4c4n16c CH=5n12c CR=18n CY=8n16c CZ=20n DE=18n DJ=23n DK=14n DO=4c20n EE=16n EG=25n ES=20n
FI=14n FK=2a12n FO=14n FR=10n11c2n GB=4a14n GE=2a16n GI=4a15c GL=14n GR=7n16c GT=24c HN=4a20n
HR=17n HU=24n IE=4a14n IL=19n IQ=4a15n IS=22n IT=1a10n12c JO=4a4n18c KW=4a22c KZ=3n13c LB=4n20c
LC=4a24c LI=5n12c LT=16n LU=3n13c LV=4a13c LY=21n MC=10n11c2n MD=20c ME=18n MK=3n10c2n MN=16n
MR=23n MT=4a5n18c MU=4a19n3a NI=4a20n NL=4a10n NO=11n OM=3n16c PK=4a16c PL=24n PS=4a21c PT=21n
QA=4a21c RO=4a16c RS=18n RU=14n15c SA=2n18c SC=4a20n3a SD=14n SE=20n SI=15n SK=20n SM=1a10n12c
SO=19n ST=21n SV=4a20n TL=19n TN=20n TR=6n16c UA=6n19c VA=18n VG=4a16n XK=16n YE=4a4n18c
"""
_STRUCTURES = dict(entry.split("=") for entry in _REGISTRY.split())
_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}
_LENGTHS = {
    country: 4 + sum(int(length) for length in re.findall(r"[0-9]+", structure))
    for country, structure in _STRUCTURES.items()
}


def is_iban(text: str) -> bool:
    """Say whether a text is an IBAN: its country's length and structure, and MOD 97-10.

    Sources: ISO 13616-1, and the SWIFT IBAN registry. Other texts that have the structure pass
    once in 97.
    """
    number = bare(text).upper()
    country = number[:2]
    return (
        len(number) == _LENGTHS.get(country)
        and _structure(country).fullmatch(number, 4) is not None
        and mod97(number[4:] + number[:4])
    )


@lru_cache(maxsize=len(_STRUCTURES))
def _structure(country: str) -> re.Pattern[str]:
    parts = re.findall(r"([0-9]+)([nac])", _STRUCTURES[country])
    return re.compile("".join(f"{_CLASSES[kind]}{{{length}}}" for length, kind in parts))


IBAN = Entity(
    name="iban",
    group="financial",
    label="IBAN",
    rules=(
        # Without `not_before`: where capitals follow at once, the country's length ends it. Any
        # two letters begin it, as a scan passes by them faster than by 89 pairs.
        Rule(
            name="iban",
            pattern=rf"(?:[A-Z]{{2}}|[a-z]{{2}})[0-9]{{2}}(?:{GAP}[0-9A-Za-z]){{11,29}}",
            not_after="0-9A-Za-z",
            is_valid=is_iban,
        ),
    ),
)

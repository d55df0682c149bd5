"""Numbers of Poland."""

from datetime import date

from plugins.guardrails.pii.entities.checksums import weighted
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import WORD
from plugins.guardrails.stream.rule import Rule

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
# The month tells the century: 80 more for the 19th, then 0, 20, 40, 60.
_CENTURIES = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}


def is_pesel(digits: str) -> bool:
    """Say whether eleven digits are a PESEL: a date of birth, and the weighted sum ends in 0.

    Source: Ustawa o ewidencji ludności, art. 15.
    """
    century, month = divmod(int(digits[2:4]), 20)
    try:
        date(_CENTURIES[century] + int(digits[:2]), month, int(digits[4:6]))
    except ValueError:
        return False
    return weighted(digits, _WEIGHTS) % 10 == 0


PESEL = Entity(
    name="pl_pesel",
    group="pl",
    label="PESEL",
    rules=(
        Rule(
            name="pl_pesel",
            pattern="[0-9]{2}(?:[02468][1-9]|[13579][0-2])[0-3][0-9]{6}",
            not_after=f"{WORD}.+",
            not_before=WORD,
            is_valid=is_pesel,
        ),
    ),
)

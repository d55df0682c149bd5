"""Numbers of Sweden."""

from datetime import date

from plugins.guardrails.pii.entities.checksums import luhn
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import WORD, digits_of
from plugins.guardrails.stream.rule import Rule


def is_personal_number(text: str) -> bool:
    """Say whether a text is a personal identity number: a date of birth, and Luhn's digit.

    Source: Skatteverket, SKV 704. The check is over ten digits, without the century; 60 more on
    the day is a coordination number.
    """
    digits = digits_of(text)
    short = digits[-10:]
    day = int(short[4:6])
    try:
        # Without a century, 2000 lets the 29th of February pass, as it must.
        date(int(digits[:4]) if len(digits) == 12 else 2000, int(short[2:4]), day - 60 * (day > 60))
    except ValueError:
        return False
    return luhn(short)


_DATE = "[0-9]{2}[01][0-9][0-9]{2}"
PERSONAL_NUMBER = Entity(
    name="se_personal_number",
    group="se",
    label="PERSONAL_NUMBER",
    rules=(
        # Ten digits need their sign: without it too many numbers are a date and pass.
        Rule(
            name="se_personal_number",
            pattern=rf"(?:(?:(?:19|20)?{_DATE})[+\-][0-9]{{4}}|(?:19|20){_DATE}[0-9]{{4}})",
            not_after=f"{WORD}.+\\-",
            not_before=f"{WORD}\\-",
            is_valid=is_personal_number,
        ),
    ),
)

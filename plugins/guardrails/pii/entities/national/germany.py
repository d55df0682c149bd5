"""Numbers of Germany."""

from collections import Counter

from plugins.guardrails.pii.entities.checksums import mod11_10
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, WORD, digits_of
from plugins.guardrails.stream.rule import Rule


def is_tax_id(text: str) -> bool:
    """Say whether eleven digits are a tax identification number (§ 139b AO): MOD 11,10.

    Of the first ten, one digit occurs twice and the rest once (until 2016), or one occurs two or
    three times, three times never in a row (since then). The first is not 0.
    """
    digits = digits_of(text)
    body = digits[:10]
    repeated = [count for count in Counter(body).values() if count > 1]
    return (
        digits[0] != "0"
        and repeated in ([2], [3])
        and not any(digit * 3 in body for digit in set(body))
        and mod11_10(digits)
    )


TAX_ID = Entity(
    name="de_tax_id",
    group="de",
    label="TAX_ID",
    rules=(
        Rule(
            name="de_tax_id",
            pattern=rf"[1-9][0-9]{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}",
            not_after=f"{WORD}.+",
            not_before=WORD,
            is_valid=is_tax_id,
        ),
    ),
)

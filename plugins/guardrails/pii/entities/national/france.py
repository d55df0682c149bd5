"""Numbers of France."""

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import GAP, WORD, bare
from plugins.guardrails.stream.rule import Rule


def is_nir(text: str) -> bool:
    """Say whether 15 characters are a number of the register of persons: the key is mod 97.

    Source: INSEE, NIR. The key is 97 less the rest of the 13 before it, where the departments
    of Corsica, 2A and 2B, count as 19 and 18.
    """
    number = bare(text).upper()
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(body) % 97 == int(number[13:])


NIR = Entity(
    name="fr_nir",
    group="fr",
    label="NIR",
    rules=(
        # Sex, year, month (beyond 12 where it isn't known), department, commune, order, key.
        Rule(
            name="fr_nir",
            pattern=(
                rf"[1-478]{GAP}[0-9]{{2}}{GAP}(?:0[1-9]|1[0-2]|[2-9][0-9]){GAP}"
                rf"(?:[0-9]{{2}}|2[ABab]){GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{2}}"
            ),
            not_after=f"{WORD}.+",
            not_before=WORD,
            is_valid=is_nir,
        ),
    ),
)

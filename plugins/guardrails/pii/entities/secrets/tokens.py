"""Secrets that begin with a mark of their own, as entities."""

from collections.abc import Callable

from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.secrets.formats import VENDORS, Format
from plugins.guardrails.pii.entities.secrets.randomness import has_code, is_dense, is_placeholder
from plugins.guardrails.stream.rule import Rule


def _judge(form: Format) -> Callable[[str], bool]:
    def is_secret(text: str) -> bool:
        """Say whether a text of a vendor's form has enough entropy and is no placeholder."""
        return (
            (not form.has_code or has_code(text))
            and is_dense(text, form.bits)
            and not is_placeholder(text)
        )

    return is_secret


def _rules(name: str, form: Format) -> tuple[Rule, ...]:
    by_entropy = Rule(
        name=name,
        pattern=form.pattern,
        not_after=form.not_after,
        not_before=form.not_before,
        is_valid=_judge(form),
    )
    if form.has_check is None:
        return (by_entropy,)
    by_check = Rule(name=name, pattern=form.pattern, not_after="0-9A-Za-z", is_valid=form.has_check)
    return by_check, by_entropy


TOKENS = tuple(
    Entity(
        name=f"secret_{vendor.name}",
        group="secrets",
        label=vendor.label,
        rules=tuple(
            rule for form in vendor.formats for rule in _rules(f"secret_{vendor.name}", form)
        ),
    )
    for vendor in VENDORS
)

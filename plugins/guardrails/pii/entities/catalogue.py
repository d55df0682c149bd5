"""All entities, by name and by group."""

from collections.abc import Iterable, Mapping

from localai import SettingsError, hint
from plugins.guardrails.pii.entities.cards import CARD
from plugins.guardrails.pii.entities.crypto import BITCOIN, DOGECOIN, ETHEREUM, LITECOIN, TRON
from plugins.guardrails.pii.entities.email import EMAIL, EMAIL_OBFUSCATED
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.iban import IBAN
from plugins.guardrails.pii.entities.national.australia import ABN, MEDICARE, TFN
from plugins.guardrails.pii.entities.national.britain import NHS, NINO
from plugins.guardrails.pii.entities.national.canada import SIN
from plugins.guardrails.pii.entities.national.france import NIR
from plugins.guardrails.pii.entities.national.germany import TAX_ID
from plugins.guardrails.pii.entities.national.india import AADHAAR, PAN
from plugins.guardrails.pii.entities.national.italy import FISCAL_CODE
from plugins.guardrails.pii.entities.national.poland import PESEL
from plugins.guardrails.pii.entities.national.spain import DNI, NIE
from plugins.guardrails.pii.entities.national.sweden import PERSONAL_NUMBER
from plugins.guardrails.pii.entities.national.usa import ITIN, ROUTING, SSN
from plugins.guardrails.pii.entities.network import IP, IP_PRIVATE
from plugins.guardrails.pii.entities.phone import PHONE
from plugins.guardrails.pii.entities.secrets.connections import CONNECTION
from plugins.guardrails.pii.entities.secrets.generic import GENERIC
from plugins.guardrails.pii.entities.secrets.jwt import JWT
from plugins.guardrails.pii.entities.secrets.private_key import PRIVATE_KEY
from plugins.guardrails.pii.entities.secrets.tokens import TOKENS

ENTITIES: tuple[Entity, ...] = (
    PRIVATE_KEY,
    JWT,
    *TOKENS,
    CONNECTION,
    GENERIC,
    CARD,
    IBAN,
    BITCOIN,
    LITECOIN,
    DOGECOIN,
    TRON,
    ETHEREUM,
    SSN,
    ITIN,
    ROUTING,
    NHS,
    NINO,
    TAX_ID,
    NIR,
    DNI,
    NIE,
    FISCAL_CODE,
    PESEL,
    PERSONAL_NUMBER,
    AADHAAR,
    PAN,
    ABN,
    TFN,
    MEDICARE,
    SIN,
    EMAIL,
    EMAIL_OBFUSCATED,
    PHONE,
    IP,
    IP_PRIVATE,
)
"""In the order in which they win, where two of them match the same text."""


def _groups() -> Mapping[str, tuple[Entity, ...]]:
    groups: dict[str, tuple[Entity, ...]] = {}
    for entity in ENTITIES:
        groups[entity.group] = (*groups.get(entity.group, ()), entity)
    return groups


GROUPS: Mapping[str, tuple[Entity, ...]] = _groups()
"""The entities of each group, by the group's name."""


def select(names: Iterable[str]) -> tuple[Entity, ...]:
    """Return the entities that these names of entities and groups mean, in their order, once each.

    Raises `SettingsError` for a name that is neither.
    """
    wanted: set[str] = set()
    for name in names:
        found = GROUPS.get(name) or tuple(each for each in ENTITIES if each.name == name)
        if not found:
            known = [*(each.name for each in ENTITIES), *GROUPS]
            raise SettingsError(f"there is no entity or group '{name}'{hint(name, known)}")
        wanted.update(each.name for each in found)
    return tuple(each for each in ENTITIES if each.name in wanted)

"""Addresses of crypto currencies."""

from collections.abc import Callable

from plugins.guardrails.pii.entities import base58, bech32
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.shapes import WORD
from plugins.guardrails.stream.rule import Rule

_HASH = 20
"""Bytes of the hash that an address is, after its version."""


def _is_address(*versions: int) -> Callable[[str], bool]:
    """Return what says whether a text is an address of these versions in Base58Check."""

    def is_valid(text: str) -> bool:
        payload = base58.decode(text)
        return payload is not None and len(payload) == 1 + _HASH and payload[0] in versions

    return is_valid


def is_ethereum(text: str) -> bool:
    """Say whether 40 hex digits are an address and not a filler: more than four kinds of them.

    The checksum that is in the case of letters (EIP-55) is optional, and isn't looked at.
    """
    return len(set(text[2:].lower())) > 4


def _entity(
    name: str, first: str, rest: tuple[int, int], versions: tuple[int, ...], segwit: str
) -> Entity:
    fewest, most = rest
    rules = [
        Rule(
            name=name,
            pattern=rf"[{first}][{base58.CLASS}]{{{fewest},{most}}}",
            not_after=WORD,
            not_before=WORD,
            is_valid=_is_address(*versions),
        )
    ]
    if segwit:
        rules.append(
            Rule(
                name=name,
                pattern=rf"{segwit}1[{bech32.CLASS}]{{11,87}}",
                not_after=WORD,
                not_before=WORD,
                ignore_case=True,
                is_valid=bech32.is_segwit,
            )
        )
    label = f"{name.upper()}_ADDRESS"
    return Entity(name=name, group="crypto", label=label, rules=tuple(rules))


# Versions of P2PKH and P2SH, as each chain's parameters give them.
BITCOIN = _entity("bitcoin", "13", (25, 34), (0x00, 0x05), "bc")
LITECOIN = _entity("litecoin", "LM", (26, 33), (0x30, 0x32), "ltc")
DOGECOIN = _entity("dogecoin", "DA9", (33, 33), (0x1E, 0x16), "")
TRON = _entity("tron", "T", (33, 33), (0x41,), "")
ETHEREUM = Entity(
    name="ethereum",
    group="crypto",
    label="ETHEREUM_ADDRESS",
    rules=(
        Rule(
            name="ethereum",
            pattern="0x[0-9A-Fa-f]{40}",
            not_after=WORD,
            not_before=WORD,
            is_valid=is_ethereum,
        ),
    ),
)

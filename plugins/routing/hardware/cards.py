"""Which AMD cards there are."""

import re
from collections.abc import Iterator, Sequence

from plugins.routing.hardware.card import GIB, Card
from plugins.routing.hardware.files import Files
from plugins.routing.hardware.kfd import Node, nodes

AMD = 0x1002
DRM = "sys/class/drm"
APUS = frozenset({0x150E, 0x1586})
"""PCI device ids of Strix Point and Strix Halo."""
MOST_CARDS = 16

_NAME = re.compile(r"card[0-9]{1,3}")
_SLOT = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")


def cards(files: Files) -> list[Card]:
    """Return the cards with the driver amdgpu, the one with the most memory first."""
    computing = tuple(nodes(files))
    names = [name for name in files.names(DRM) if _NAME.fullmatch(name)]
    found = [_card(files, name, computing) for name in names[:MOST_CARDS]]
    return sorted((card for card in found if card), key=lambda card: -card.memory)


def _card(files: Files, name: str, computing: Sequence[Node]) -> Card | None:
    path = f"{DRM}/{name}/device"
    properties = dict(_properties(files.text(f"{path}/uevent") or ""))
    if files.number(f"{path}/vendor") != AMD or properties.get("DRIVER") != "amdgpu":
        return None
    device = files.number(f"{path}/device") or 0
    slot = properties.get("PCI_SLOT_NAME", "").lower()
    node = next((node for node in computing if (node.domain, node.location) == _place(slot)), None)
    vram = max(files.number(f"{path}/mem_info_vram_total") or 0, 0)
    gtt = max(files.number(f"{path}/mem_info_gtt_total") or 0, 0)
    return Card(
        name=name,
        slot=slot,
        device=device,
        gfx=node.gfx if node else "",
        compute_units=node.compute_units if node else 0,
        is_integrated=device in APUS or (not _has_own(files, path) and _looks_shared(vram, gtt)),
        vram=vram,
        gtt=gtt,
        hwmon=_hwmon(files, path),
    )


def _has_own(files: Files, path: str) -> bool:
    """Say whether the card has chips of memory, or a board, of its own: APUs lack these files."""
    return any(
        files.text(f"{path}/{name}") is not None for name in ("mem_info_vram_vendor", "board_info")
    )


def _looks_shared(vram: int, gtt: int) -> bool:
    """Say whether a card has little memory of its own and maps much: Ollama's rule since 0.30."""
    return 0 < vram <= 4 * GIB and gtt >= 8 * GIB and gtt >= 4 * vram


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.partition("=")
        yield key, value


def _place(slot: str) -> tuple[int, int] | None:
    """Return a slot's domain and location, as KFD writes them."""
    match = _SLOT.fullmatch(slot)
    if match is None:
        return None
    domain, bus, device, function = (int(part, 16) for part in match.groups())
    return domain, bus << 8 | device << 3 | function


def _hwmon(files: Files, path: str) -> str:
    for name in files.names(f"{path}/hwmon"):
        directory = f"{path}/hwmon/{name}"
        if files.text(f"{directory}/name") == "amdgpu":
            return directory
    return ""

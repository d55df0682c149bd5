"""All that the checks look at, read once."""

from collections.abc import Sequence

from localai import Settings, Value
from plugins.routing.hardware.card import Card
from plugins.routing.hardware.cards import cards
from plugins.routing.hardware.doctor.firmware import Package, firmware
from plugins.routing.hardware.doctor.listeners import Listener, listeners
from plugins.routing.hardware.doctor.ollama import Ollama
from plugins.routing.hardware.doctor.service import Service, service
from plugins.routing.hardware.files import Files
from plugins.routing.hardware.reading import Reading
from plugins.routing.hardware.sensors import Sensors
from plugins.routing.hardware.system import System, ram, system

STRIX_HALO = 0x1586


class Machine(Value, frozen=True, kw_only=True):
    """A machine and its Ollamas at one moment."""

    files: Files
    settings: Settings
    system: System = System()
    cards: Sequence[Card] = ()
    """The one with the most memory first."""
    reading: Reading | None = None
    """Of that one."""
    ram: int = 0
    """Bytes that the system has, without what the BIOS has cut out; 0 if unknown."""
    firmware: Sequence[Package] = ()
    service: Service = Service()
    listeners: Sequence[Listener] = ()
    ollamas: Sequence[Ollama] = ()

    @property
    def card(self) -> Card | None:
        """The card that models are on."""
        return self.cards[0] if self.cards else None

    @property
    def apu(self) -> Card | None:
        """The same, if it computes in the system's memory."""
        return self.card if self.card and self.card.is_integrated else None

    @property
    def is_strix_halo(self) -> bool:
        """Whether the card is a Radeon 8060S, 8050S or 8040S."""
        return self.card is not None and self.card.device == STRIX_HALO

    @property
    def has_ollama(self) -> bool:
        """Whether the settings name an Ollama here, or one is installed or runs."""
        return self.service.is_known or any(each.is_local for each in self.ollamas)

    @property
    def local(self) -> Ollama | None:
        """The first Ollama of the settings that is on this machine and answers."""
        return next((each for each in self.ollamas if each.is_local and each.answers), None)


def examined(files: Files, settings: Settings, ollamas: Sequence[Ollama]) -> Machine:
    """Read the machine below a root; it may block for milliseconds."""
    found = cards(files)
    return Machine(
        files=files,
        settings=settings,
        system=system(files),
        cards=found,
        reading=Sensors(files, found[0]).read() if found else None,
        ram=ram(files)[0] or 0,
        firmware=firmware(files),
        service=service(files),
        listeners=listeners(files),
        ollamas=ollamas,
    )

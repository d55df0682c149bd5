"""`/admin/hardware`: what the sensors say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Response, get

if TYPE_CHECKING:
    from plugins.routing.hardware.plugin import Hardware

SCOPE = "admin:hardware"
_JSON = "application/json"


def routes(hardware: "Hardware") -> Sequence[Any]:
    """Return the handler."""

    @get(
        "/admin/hardware",
        opt={"scope": SCOPE},
        media_type=_JSON,
        tags=["Routing"],
        summary="What the machine's sensors say",
    )
    async def show() -> Response[bytes]:
        """Report the card and its last reading: bytes, hertz, watts, degrees Celsius; `reading` is
        null without an AMD card. `joules` counts since the router's start."""
        reading = hardware.reading()
        said = None if reading is None else msgspec.structs.asdict(reading)
        if said is not None:
            del said["at"]  # by a clock that nobody else has
            said["card"] = msgspec.structs.asdict(said["card"])
        content = msgspec.json.encode({"reading": said, "joules": round(hardware.joules, 1)})
        return Response(content, media_type=_JSON)

    return [show]

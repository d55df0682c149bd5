"""The table of the optional extra that finds names and places."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

from localai import Duration


class Presidio(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Settings of [plugins.guardrails.pii.presidio]."""

    enabled: bool = False
    """Find names and places too; needs: pip install 'localai-edge-router[presidio]'."""
    model: Path = Path("en_core_web_lg")
    """A spaCy package, or a folder with a pipeline."""
    language: Annotated[str, Meta(min_length=2, max_length=8)] = "en"
    """The language of that model."""
    entities: dict[str, str] = field(
        default_factory=lambda: {"PERSON": "pseudonymise", "LOCATION": "redact"}
    )
    """What to do with PERSON, LOCATION, ORGANIZATION, NRP and DATE_TIME in requests."""
    output: dict[str, str] = {}
    """The same for answers; they are then held back until they are whole."""
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Least score of what counts as found."""
    deadline: Duration = Duration(5)
    """Time for the texts of one request, or for one answer; what takes longer is refused."""
    max_waiting: Annotated[int, Meta(ge=1, le=10_000)] = 32
    """Most texts that wait for the model; more are refused."""
    max_answer: Annotated[int, Meta(ge=1)] = 65_536
    """Most characters of an answer that are held back; a longer one is blocked."""

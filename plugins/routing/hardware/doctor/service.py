"""The environment of Ollama: of its service, and of the process that runs."""

import re
import shlex
from collections.abc import Iterator, Mapping

from msgspec import field

from localai import Value
from plugins.routing.hardware.files import Files

UNIT = "ollama.service"
FOLDERS = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
"""Where systemd looks for units, the first one winning (systemd.unit(5))."""
KEPT = re.compile(r"(OLLAMA|HSA|HIP|ROCR|GGML|LLAMA_ARG)_[A-Z0-9_]{1,64}")
"""Variables that the checks may see; others can hold what is nobody's business."""

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


class Service(Value, frozen=True, kw_only=True):
    """How Ollama is started here."""

    has_unit: bool = False
    """Whether systemd starts it."""
    configured: Mapping[str, str] = field(default_factory=dict)
    """The environment that it has after its next start by systemd."""
    running: Mapping[str, str] | None = None
    """That of the process; `None` where none runs or only its user may read it."""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the environment."""
        return self.has_unit or self.running is not None

    @property
    def environment(self) -> Mapping[str, str]:
        """What Ollama goes by now, as far as is known."""
        return self.configured if self.running is None else self.running


def service(files: Files) -> Service:
    """Read the unit with its drop-ins, and the process."""
    unit = next(
        (text for folder in FOLDERS if (text := files.text(f"{folder}/{UNIT}")) is not None), None
    )
    return Service(
        has_unit=unit is not None,
        configured={} if unit is None else _kept(_configured(files, unit)),
        running=_running(files),
    )


def _configured(files: Files, unit: str) -> dict[str, str]:
    own: dict[str, str] = {}
    from_files: dict[str, str] = {}
    for text in (unit, *_drop_ins(files)):
        for key, value in _settings(text):
            if key == "Environment":
                own = own | _assignments(value) if value else {}
            elif key == "EnvironmentFile":
                path = value.removeprefix("-").lstrip("/")
                from_files = from_files | _file(files.text(path) or "") if value else {}
    return own | from_files  # systemd.exec(5): files override Environment=


def _drop_ins(files: Files) -> Iterator[str]:
    """Yield the texts of the drop-ins in their order: by name, wherever they are."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in files.names(f"{folder}/{UNIT}.d"):
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{UNIT}.d/{name}")
    for _, path in sorted(found.items()):
        yield files.text(path) or ""


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the settings of [Service]."""
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line[:1] not in ("#", ";"):
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()


def _assignments(text: str) -> dict[str, str]:
    """Return the variables of one line; each may stand in quotes."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return {match[1]: match[2] for word in words if (match := _ASSIGNMENT.fullmatch(word))}


def _file(text: str) -> dict[str, str]:
    """Return the variables of an EnvironmentFile: one a line."""
    found = {}
    for line in text.splitlines():
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match:
            found[match[1]] = match[2].strip("\"'")
    return found


def _running(files: Files) -> dict[str, str] | None:
    """Return the environment of the first `ollama serve` that may be read."""
    for name in files.names("proc"):
        if not name.isdecimal():
            continue
        words = (files.read(f"proc/{name}/cmdline") or b"").split(b"\0")
        if words[0].rpartition(b"/")[2] != b"ollama" or b"serve" not in words[1:2]:
            continue
        environment = files.read(f"proc/{name}/environ")
        if environment is not None:
            pairs = (
                each.partition("=") for each in environment.decode(errors="replace").split("\0")
            )
            return _kept({key: value for key, _, value in pairs})
    return None


def _kept(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of use, as they may stand on a terminal."""
    return {
        key: "".join(filter(str.isprintable, value))
        for key, value in environment.items()
        if KEPT.fullmatch(key)
    }

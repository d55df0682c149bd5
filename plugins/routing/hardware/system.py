"""The system's memory, its kernel, and what that was started with."""

import re

from localai import Value
from plugins.routing.hardware.files import Files

_MEMORY = re.compile(r"^(MemTotal|MemAvailable):\s+([0-9]{1,15}) kB$", re.MULTILINE)


class System(Value, frozen=True, kw_only=True):
    """What the kernel tells of itself."""

    kernel: str = ""
    """Its release, such as `6.18.9-200.fc43.x86_64`."""
    arguments: tuple[str, ...] = ()
    """What its boot loader gave it."""
    distribution: tuple[str, ...] = ()
    """The ids of /etc/os-release, the nearest first, such as `ubuntu` and `debian`."""

    @property
    def version(self) -> tuple[int, int, int] | None:
        """The kernel's version as numbers."""
        return version(self.kernel)

    def argument(self, name: str) -> str | None:
        """Return the last value of an argument, which is the one that counts; `""` for a bare one.

        The kernel takes `-` and `_` in names for the same.
        """
        found = None
        for each in self.arguments:
            key, _, value = each.partition("=")
            if key.replace("-", "_") == name:
                found = value.strip('"')
        return found


def system(files: Files) -> System:
    """Read what the kernel tells."""
    return System(
        kernel=files.text("proc/sys/kernel/osrelease") or "",
        arguments=tuple((files.text("proc/cmdline") or "").split()),
        distribution=_distribution(files.text("etc/os-release") or ""),
    )


def ram(files: Files) -> tuple[int | None, int | None]:
    """Return the bytes of memory that there are, and that programs can still have."""
    found = {
        name: int(amount) * 1024
        for name, amount in _MEMORY.findall(files.text("proc/meminfo") or "")
    }
    return found.get("MemTotal"), found.get("MemAvailable")


def version(text: str) -> tuple[int, int, int] | None:
    """Return the three numbers that a version begins with; what is not said is 0."""
    match = re.match(r"v?([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?", text)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3] or 0))


def _distribution(text: str) -> tuple[str, ...]:
    fields = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        fields[key] = value.strip("\"'")
    return tuple(f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split())

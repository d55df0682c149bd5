"""Which packages with the GPU's firmware are installed: the databases of dpkg, rpm and pacman."""

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

from localai import Value
from plugins.routing.hardware.files import Files

NAMES = frozenset(
    {
        "linux-firmware",
        "linux-firmware-amdgpu",
        "linux-firmware-amd-graphics",
        "firmware-amd-graphics",
        "amd-gpu-firmware",
    }
)
"""Of Ubuntu, Debian, Fedora and Arch, old and new."""
DPKG = "var/lib/dpkg/status"
RPM = ("usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite")
PACMAN = "var/lib/pacman/local"

_FIELD = re.compile(r"^(Package|Status|Version): (.*)$", re.MULTILINE)
_ENTRY = re.compile(r"(.+)-([^-]+)-[^-]+")
_INDEX = struct.Struct(">iiii")
_NAME, _VERSION = 1000, 1001
"""Tags of a header, from rpmtag.h."""
MOST_TAGS = 10_000


class Package(Value, frozen=True, kw_only=True):
    """A package that is installed."""

    name: str
    version: str
    """Without epoch; with dpkg's revision."""

    @property
    def date(self) -> str:
        """The eight digits that name a release of linux-firmware; empty if there are none."""
        match = re.match(r"(20[0-9]{6})", self.version)
        return match[1] if match else ""


def firmware(files: Files) -> list[Package]:
    """Return the packages that are known of."""
    found = [*_dpkg(files), *_rpm(files), *_pacman(files)]
    return sorted(found, key=lambda package: package.name)


def _dpkg(files: Files) -> Iterator[Package]:
    # It has some 5 MB, which is more than `Files` reads.
    try:
        text = (files.root / DPKG).read_text(errors="replace")
    except OSError:
        return
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith(tuple(f"Package: {name}\n" for name in NAMES)):
            continue
        fields = dict(_FIELD.findall(paragraph))
        if fields.get("Status", "").endswith(" installed") and "Version" in fields:
            version = fields["Version"].rpartition(":")[2]
            yield Package(name=fields["Package"], version=version)


def _pacman(files: Files) -> Iterator[Package]:
    for entry in files.names(PACMAN):
        match = _ENTRY.fullmatch(entry)
        if match and match[1] in NAMES:
            yield Package(name=match[1], version=match[2].rpartition(":")[2])


def _rpm(files: Files) -> Iterator[Package]:
    for path in RPM:
        file = files.root / path
        if not file.is_file():
            continue
        # Immutable: no lock and no journal, as only root may write there.
        uri = f"file:{quote(str(file))}?mode=ro&immutable=1"
        query = (
            "SELECT blob FROM Packages WHERE hnum IN (SELECT hnum FROM Name WHERE key IN "
            f"({', '.join('?' * len(NAMES))}))"
        )
        try:
            with closing(sqlite3.connect(uri, uri=True)) as database:
                headers = [row[0] for row in database.execute(query, sorted(NAMES))]
        except sqlite3.Error:
            continue
        for header in headers:
            fields = _header(header) if isinstance(header, bytes) else {}
            if fields.keys() >= {_NAME, _VERSION}:
                yield Package(name=fields[_NAME], version=fields[_VERSION])
        return


def _header(blob: bytes) -> dict[int, str]:
    """Return the texts of an rpm header: two counts, an index, and the data that it points into."""
    try:
        count, _ = struct.unpack_from(">ii", blob)
        data = 8 + count * _INDEX.size
        if not 0 < count <= MOST_TAGS or data > len(blob):
            return {}
        found = {}
        for tag, _kind, offset, _number in _INDEX.iter_unpack(blob[8:data]):
            if tag in (_NAME, _VERSION) and offset >= 0:
                end = blob.index(b"\0", data + offset)
                found[tag] = blob[data + offset : end].decode(errors="replace")
        return found
    except (struct.error, ValueError):
        return {}

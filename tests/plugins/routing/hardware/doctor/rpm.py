"""A database of rpm with a few packages, as rpm writes it since 4.16."""

import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def header(fields: Mapping[int, str]) -> bytes:
    """Return a header: two counts, an index in network order, and the texts."""
    index, data = b"", b""
    for tag, text in fields.items():
        index += struct.pack(">iiii", tag, 6, len(data), 1)
        data += text.encode() + b"\0"
    return struct.pack(">ii", len(fields), len(data)) + index + data


def database(file: Path, packages: Mapping[str, bytes]) -> None:
    """Write a database with these headers by name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        connection.execute(
            "CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)"
        )
        for number, (name, blob) in enumerate(packages.items(), 1):
            connection.execute("INSERT INTO Packages VALUES (?, ?)", (number, blob))
            connection.execute("INSERT INTO Name VALUES (?, ?, 0)", (name, number))

"""The source files of plugins: which belong to one, and whether they have changed on disk."""

import ast
import contextlib
import hashlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

Stamp = tuple[int, int, int]
"""Of a file: its inode, size and time of change."""

TRIES = 5
"""To parse a source."""

_parsing = threading.Lock()

_imported: dict[Path, str] = {}
"""The digests of all plugins' source files, as they were when they were imported."""

_neighbours: dict[tuple[Path, str], tuple[str, frozenset[str]]] = {}
"""By file and package: a digest, and the modules of that package which such a file imports."""


def of(module: ModuleType) -> tuple[Path, ...]:
    """Return the module's file, and those beside it that it imports, directly or not."""
    if not (name := getattr(module, "__file__", None)):
        return ()
    package = module.__name__.rpartition(".")[0]
    first = Path(name)
    found, unread = {first}, [first]
    while unread:
        for name in _imports(unread.pop(), package):
            file = first.parent / f"{name}.py"
            if file not in found and file.is_file():
                found.add(file)
                unread.append(file)
    return tuple(sorted(found))


def stamp(file: Path) -> Stamp:
    """Return what tells a file from what it was before; zeros when it is not there."""
    try:
        status = file.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def digest(file: Path) -> str:
    """Return what tells a file's content from any other; empty when it can't be read."""
    try:
        return hashlib.blake2b(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def note(module: ModuleType) -> None:
    """Remember the files of a module that was just imported."""
    for file in of(module):
        _imported.setdefault(file, digest(file))


def forget_changed(module: ModuleType) -> None:
    """Make Python import a plugin's folder anew when a file of it has changed.

    A new generation gets new classes then; the old one keeps those that it has.
    """
    folder = Path(getattr(module, "__file__", None) or "").parent
    files = [file for file in _imported if file.parent == folder]
    if any(_imported[file] != digest(file) for file in files):
        for name, each in list(sys.modules.items()):
            if (file := getattr(each, "__file__", None)) and Path(file) in files:
                _forget(name)
        for file in files:
            del _imported[file]


@contextlib.contextmanager
def forgotten_on_failure(folder: Path) -> Iterator[None]:
    """Forget what a failed import has imported below `folder`: it may be mended before the next."""
    before = set(sys.modules)
    try:
        yield
    except BaseException:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                _forget(name)
        raise


def _forget(name: str) -> None:
    module = sys.modules.pop(name)
    parent, _, last = name.rpartition(".")
    # `from package import module` looks at the package's attributes first.
    with contextlib.suppress(KeyError, AttributeError):
        delattr(sys.modules[parent], last)
    # Bytecode is told from its source by second and size: two quick edits can be alike.
    with contextlib.suppress(OSError, TypeError, ValueError, NotImplementedError):
        Path(importlib.util.cache_from_source(str(module.__file__))).unlink()


def parsed(source: bytes) -> ast.Module:
    """Return the tree of a source; raise `SyntaxError`.

    CPython 3.11 counts the depth of trees for the whole process: it confuses itself, and raises
    `SystemError`, when another thread, or the collector, parses too. So one goes after the other,
    and is tried again where it was something else that parsed.
    """
    with _parsing:
        for _ in range(TRIES):
            with contextlib.suppress(SystemError):
                return ast.parse(source)
        return ast.parse(source)


def _imports(file: Path, package: str) -> frozenset[str]:
    """Return every name that a file may import a module of the package by."""
    # Parsing takes most of the time that a router needs to start, and sources seldom change.
    now = digest(file)
    before, names = _neighbours.get((file, package), ("", frozenset()))
    if now != before:
        parts = (name.rpartition(".") for name in _names(file, package))
        names = frozenset(last for parent, _, last in parts if parent == package)
        _neighbours[file, package] = now, names
    return names


def _names(file: Path, package: str) -> Iterator[str]:
    """Yield every name that a file may import a module by."""
    try:
        tree = parsed(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level < 2:
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)

"""Fixtures: plugins that are loaded from disk, and quiet where they crash."""

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest
from structlog.testing import capture_logs

_numbers = count()

Write = Callable[[str], str]


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """Print nothing of the log: crashes are what these tests are about."""
    with capture_logs():
        yield


@pytest.fixture
def write_plugin(tmp_path: Path) -> Iterator[Write]:
    """Write the source of a module into the settings' folder; return its name, used nowhere else.

    The interpreter's paths and modules are as before when the test has ended.
    """
    paths, modules = list(sys.path), set(sys.modules)

    def write(source: str) -> str:
        name = f"own_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(IMPORTS + dedent(source))
        return name

    yield write
    sys.path[:] = paths
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


IMPORTS = """\
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from localai import *
"""

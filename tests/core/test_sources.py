"""The source files of plugins."""

import ast
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from core import sources
from tests.core.conftest import Write


@pytest.fixture
def package(tmp_path: Path, write_plugin: Write) -> str:
    """A package that can be imported, whose name is used nowhere else."""
    sys.path.append(str(tmp_path))
    name = f"{write_plugin('')}_package"
    folder = tmp_path / name
    folder.mkdir()
    files = {
        "__init__": "",
        "main": f"import os\nfrom . import near\nimport {name}.far\nfrom json import loads",
        "near": "def later():\n    from .lazy import WORD\n    return WORD",
        "far": f"from {name}.near import later",
        "lazy": "WORD = 'a'",
        "other": "",
        "json": "",
    }
    for module, source in files.items():
        (folder / f"{module}.py").write_text(source)
    return name


def _import(name: str) -> ModuleType:
    module = importlib.import_module(name)
    sources.note(module)
    return module


def test_a_modules_sources_are_those_of_its_package_that_it_imports(package: str) -> None:
    """Imports are followed, later ones and circles too; neighbours by themselves do not count."""
    module = _import(f"{package}.main")
    names = [file.stem for file in sources.of(module)]
    assert names == ["far", "lazy", "main", "near"]


def test_many_threads_parse_at_the_same_time() -> None:
    """Whatever else the process parses meanwhile, each gets its tree."""
    source = b"x = [" + b"[1]," * 500 + b"]"
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: sources.parsed(source), range(40)))
    assert {type(tree) for tree in trees} == {ast.Module}


def test_sources_are_parsed_once_while_they_stay_the_same(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look at a module again costs no parsing; a file that has changed is parsed anew."""
    module = _import(f"{package}.main")
    parse, parsed = sources.parsed, 0

    def counted(source: bytes) -> ast.Module:
        nonlocal parsed
        parsed += 1
        return parse(source)

    monkeypatch.setattr(sources, "parsed", counted)
    before = sources.of(module)
    assert sources.of(module) == before
    assert parsed == 0
    file = Path(module.__file__ or "")
    file.write_text(f"{file.read_text()}\nfrom . import other")
    assert {each.stem for each in sources.of(module)} == {each.stem for each in before} | {"other"}
    assert parsed == 2


def test_a_module_beside_the_file_may_import_another_one(
    tmp_path: Path, write_plugin: Write
) -> None:
    """Without a package, the modules of the same folder are the neighbours."""
    sys.path.append(str(tmp_path))
    helper = write_plugin("")
    module = _import(write_plugin(f"import {helper}"))
    assert tmp_path / f"{helper}.py" in sources.of(module)


def test_modules_without_a_file_have_no_sources() -> None:
    """What is built into the interpreter never changes."""
    assert sources.of(sys) == ()
    sources.forget_changed(sys)
    assert "sys" in sys.modules


def test_an_unchanged_module_is_kept(package: str) -> None:
    """Python's memory of a module stays while its files are the same."""
    module = _import(f"{package}.main")
    sources.forget_changed(module)
    assert sys.modules[f"{package}.main"] is module


@pytest.mark.parametrize("changed", ["main", "far", "lazy"])
def test_a_change_makes_the_whole_group_be_imported_anew(package: str, changed: str) -> None:
    """After a change of any source, importing gives new modules that see each other's new code."""
    before = _import(f"{package}.main")
    assert before.near.later() == "a"
    file = Path(before.__file__ or "").with_name(f"{changed}.py")
    file.write_text(file.read_text().replace("'a'", "'b'") + "\nNEW = 1")
    sources.forget_changed(before)
    after = _import(f"{package}.main")
    assert after is not before
    assert after.near is not before.near
    assert after.near.later() == ("b" if changed == "lazy" else "a")


def test_a_failed_import_leaves_nothing_of_the_folder(tmp_path: Path, write_plugin: Write) -> None:
    """What a module imported before it failed is forgotten, unless it lies elsewhere."""
    sys.path.append(str(tmp_path))
    helper = write_plugin("")
    broken = write_plugin(f"import {helper}\n1 / 0")
    with pytest.raises(ZeroDivisionError), sources.forgotten_on_failure(tmp_path):
        importlib.import_module(broken)
    assert helper not in sys.modules
    assert broken not in sys.modules
    assert "localai" in sys.modules


def test_a_file_that_is_gone_has_no_digest(tmp_path: Path) -> None:
    """A digest tells contents apart, and a missing file from all of them."""
    file = tmp_path / "x.py"
    assert sources.digest(file) == ""
    file.touch()
    empty = sources.digest(file)
    file.write_text("x")
    assert len({"", empty, sources.digest(file)}) == 3


def test_a_stamp_tells_what_a_file_was_before(tmp_path: Path) -> None:
    """A file that was replaced has another stamp, one that was not has the same; none has zeros."""
    file = tmp_path / "a.toml"
    assert sources.stamp(file) == (0, 0, 0)
    file.write_text("a")
    first = sources.stamp(file)
    assert sources.stamp(file) == first
    other = tmp_path / "b.toml"
    other.write_text("a")
    other.rename(file)
    assert sources.stamp(file) != first

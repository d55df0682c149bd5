"""Dependencies point one way, modules stay small, and each has its tests."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import localai
from core.hooks import Hooks

ROOT = Path(__file__).parents[1]
PACKAGES = ("core", "plugins", "localai", "benchmarks", "examples", "tests")
MOST_LINES = 400
FACE = """
UNCLAIMED Budget BudgetSpent Caching Call Chunk Chunks Connection ContextTooLong Database
Decision Direction Duration File Forbidden Function Gateway GatewayError Handler Inference
InternalError InvalidRequest Limits Lister Listing Message ModelNotFound Models NotFound Options
PayloadTooLarge Period Principal RateLimited RowLog RowTable Secret SettingsError Size ToolCall
Unauthenticated Unavailable Unit UnsupportedParameter UpstreamBusy UpstreamFailed
UpstreamInvalid UpstreamTimeout UpstreamUnreachable Usage admin_url full_name hint hookimpl
inference_of model_pattern open_database open_gateway read_json send_error
"""


def _files(*packages: str) -> list[Path]:
    return sorted(
        file.relative_to(ROOT) for package in packages for file in (ROOT / package).rglob("*.py")
    )


def _imports(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: write imports in full"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own(file: Path) -> list[str]:
    """Return those of the imports that are packages of this project."""
    return [name for name in _imports(file) if name.partition(".")[0] in PACKAGES]


@pytest.mark.parametrize("file", _files("core"), ids=str)
def test_the_core_knows_only_itself(file: Path) -> None:
    """No file of the core imports a plugin, or the face that is made for plugins."""
    assert [name for name in _own(file) if not name.startswith("core.")] in ([], ["core"])


@pytest.mark.parametrize("file", _files("plugins"), ids=str)
def test_plugins_know_only_the_face_and_their_family(file: Path) -> None:
    """A plugin imports `localai` and its own family, never the core or another family."""
    allowed = ("localai.", f"{'.'.join(file.parts[:2])}.")
    assert [name for name in _own(file) if not name.startswith(allowed)] == []


@pytest.mark.parametrize("file", _files("examples"), ids=str)
def test_examples_know_only_the_face(file: Path) -> None:
    """What is shown to authors of plugins needs nothing but `localai`."""
    assert [name for name in _own(file) if not name.startswith("localai.")] == []


def test_the_face_only_re_exports() -> None:
    """`localai` imports from the core, and defines nothing but its list of names."""
    (file,) = _files("localai")
    assert all(name.startswith("core.") for name in _own(file))
    kinds = [type(node) for node in ast.parse((ROOT / file).read_text()).body[1:]]
    assert set(kinds[:-1]) == {ast.ImportFrom}
    assert kinds[-1] is ast.Assign


def test_the_face_is_pinned() -> None:
    """What plugins may import changes on purpose only, and is sorted."""
    assert localai.__all__ == FACE.split()
    assert all(hasattr(localai, name) for name in localai.__all__)


@pytest.mark.parametrize("file", _files(*PACKAGES), ids=str)
def test_modules_stay_small(file: Path) -> None:
    """No module is longer than 400 lines."""
    assert len((ROOT / file).read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("file", _files("core", "plugins", "localai"), ids=str)
def test_each_source_file_has_its_test_file(file: Path) -> None:
    """The tests mirror the paths of the sources; packages that are empty need none."""
    if file.name == "__main__.py" or (file.name == "__init__.py" and not _defines(file)):
        return
    name = file.parent.name if file.name == "__init__.py" else file.stem
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    assert (ROOT / "tests" / folder / f"test_{name}.py").is_file()


def _defines(file: Path) -> bool:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(node, kinds) for node in ast.parse((ROOT / file).read_text()).body)


@pytest.mark.parametrize("hook", [name for name in vars(Hooks) if not name.startswith("_")])
def test_each_hook_is_documented_and_used_in_a_test(hook: str) -> None:
    """A hook has a docstring, and a test has a plugin that implements it."""
    assert inspect.getdoc(getattr(Hooks, hook))
    tests = [
        (ROOT / file).read_text() for file in _files("tests") if file.name != Path(__file__).name
    ]
    assert any(f"def {hook}(self" in text for text in tests)

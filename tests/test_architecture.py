"""Dependencies point one way, modules stay small, and each has its tests."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import localai
from core.hooks import Hooks

ROOT = Path(__file__).parents[1]
PACKAGES = ("core", "plugins", "localai", "benchmarks", "examples", "tests")
MOST_LINES = 400
FACE = """
UNCLAIMED USUAL_PRICE AdminCommand Attempt Budget BudgetSpent Caching Call Chunk Chunks Connection
ContextTooLong Cost Database Decision Direction Duration EnergyModel File Forbidden Function
Gateway GatewayError Handler Hours Inference InternalError InvalidRequest Limits Lister Listing
Measure Message ModelNotFound Models NotFound Options PayloadTooLarge Period PhaseWatts PowerMeter
PowerSample Prices Principal RateLimited Redactor RowLog RowTable RunningRouter Secret Settings
SettingsError Size ToolCall Unauthenticated Unavailable Unit UnsupportedParameter UpstreamBusy
UpstreamFailed UpstreamInvalid UpstreamTimeout UpstreamUnreachable Usage UsageLog Value WaitingLine
Work answer_tokens check_apart four_digits full_name hint hookimpl inference_of is_here is_loopback
load_settings minute_of_day model_pattern open_database open_gateway print_table prompt_tokens
read_count read_hours read_json read_query redact response_of send_error
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


def _strangers(file: Path, *allowed: str) -> Iterator[str]:
    """Yield what a file imports of this project without being allowed to, as messages."""
    names = (name for name in _own(file) if not name.startswith(allowed) and name != "core")
    yield from (f"{file}: imports {name}" for name in names)


def test_the_core_knows_only_itself() -> None:
    """No file of the core imports a plugin, or the face that is made for plugins."""
    assert [each for file in _files("core") for each in _strangers(file, "core.")] == []


def test_plugins_know_only_the_face_and_their_family() -> None:
    """A plugin imports `localai` and its own family, never the core or another family."""
    wrong = [
        each
        for file in _files("plugins")
        for each in _strangers(file, "localai.", f"{'.'.join(file.parts[:2])}.")
    ]
    assert wrong == []


def test_examples_know_only_the_face() -> None:
    """What is shown to authors of plugins needs nothing but `localai`."""
    assert [each for file in _files("examples") for each in _strangers(file, "localai.")] == []


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


def test_modules_stay_small() -> None:
    """No module is longer than 400 lines."""
    lengths = {str(file): len((ROOT / file).read_text().splitlines()) for file in _files(*PACKAGES)}
    assert {file: length for file, length in lengths.items() if length > MOST_LINES} == {}


def test_each_source_file_has_its_test_file() -> None:
    """The tests mirror the paths of the sources; packages that are empty need none."""
    needed = [test for file in _files("core", "plugins", "localai") if (test := _test_of(file))]
    assert [str(test) for test in needed if not (ROOT / test).is_file()] == []


def _test_of(file: Path) -> Path | None:
    """Return where a source file's tests belong, if it needs any."""
    if file.name == "__main__.py" or (file.name == "__init__.py" and not _defines(file)):
        return None
    name = file.parent.name if file.name == "__init__.py" else file.stem
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    return Path("tests") / folder / f"test_{name}.py"


def _defines(file: Path) -> bool:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(node, kinds) for node in ast.parse((ROOT / file).read_text()).body)


def test_each_hook_is_documented_and_used_in_a_test() -> None:
    """A hook has a docstring, and a test has a plugin that implements it."""
    hooks = [name for name in vars(Hooks) if not name.startswith("_")]
    assert [hook for hook in hooks if not inspect.getdoc(getattr(Hooks, hook))] == []
    tests = "".join(
        (ROOT / file).read_text() for file in _files("tests") if file.name != Path(__file__).name
    )
    assert [hook for hook in hooks if f"def {hook}(self" not in tests] == []

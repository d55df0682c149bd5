"""Plugins are imported, configured, checked, and reused."""

from pathlib import Path
from typing import Any

import pytest

from core.config import parse
from core.errors import SettingsError
from core.loader import Plugin, implementations, load, register
from core.resolve import families, optional
from tests.core.conftest import IMPORTS, Write

GOOD = """
    class Good:
        fail_mode = "open"

        class Config(Struct, forbid_unknown_fields=True):
            word: str = "a"
            key: Secret = Secret("")

        def __init__(self, config: Config) -> None:
            self.config = config

        @hookimpl
        def around_inference(self, next: Handler) -> Handler:
            return next
"""


def _load(toml: str, folder: Path, loaded: list[Plugin] | None = None) -> list[Plugin]:
    settings = parse(toml, folder / "localai.toml")
    plugins = load(settings, loaded or ())
    register(settings, plugins)
    return plugins


def _toml(use: str, more: str = "") -> str:
    return f"[chain]\nplugins = ['mine']\n[plugins.mine]\nuse = '{use}'\n{more}"


def test_a_plugin_beside_the_file_is_loaded_with_its_settings(
    tmp_path: Path, write_plugin: Write
) -> None:
    """`use` finds a module in the folder of the file; its table is decoded into its `Config`."""
    module = write_plugin(GOOD)
    (plugin,) = _load(_toml(f"{module}:Good", "word = 'b'"), tmp_path)
    assert (plugin.name, plugin.fail_mode) == ("mine", "open")
    assert plugin.instance.config.word == "b"
    assert plugin.sources == (tmp_path / f"{module}.py",)


def test_a_plugin_fails_closed_unless_it_says_otherwise(
    tmp_path: Path, write_plugin: Write
) -> None:
    """Without a `fail_mode` a crash refuses the request; without a `Config` there is no table."""
    module = write_plugin("class Plain: ...")
    (plugin,) = _load(_toml(f"{module}:Plain"), tmp_path)
    assert plugin.fail_mode == "closed"


def test_hooks_come_in_the_order_of_the_file(tmp_path: Path, write_plugin: Write) -> None:
    """The implementations of a hook are listed as the file lists their plugins."""
    module = write_plugin(GOOD)
    names = ["b", "a", "c"]
    tables = "".join(f"[plugins.{name}]\nuse = '{module}:Good'\n" for name in names)
    settings = parse(f"[chain]\nplugins = {names!r}\n{tables}", tmp_path / "localai.toml")
    manager = register(settings, load(settings))
    assert [name for name, _ in implementations(manager, "around_inference")] == names
    assert implementations(manager, "health") == []


HOOK = "class Bad:\n    @hookimpl\n"
BAD: dict[str, tuple[str, str]] = {
    "a syntax error": ("def broken(:", "can't be imported: SyntaxError:"),
    "an error on import": (
        "\n1 / 0",
        "ZeroDivisionError: division by zero (own_",
    ),
    "an exit on import": ("raise SystemExit(3)", "can't be imported: SystemExit: 3 (own_"),
    "a missing import": ("import not_there_at_all", "No module named 'not_there_at_all' (own_"),
    "no such class": ("class Bat: ...", "has no class 'Bad'; did you mean 'Bat'?"),
    "no class": ("Bad = 5", "has no class 'Bad'"),
    "a constructor that raises": (
        "class Bad:\n    def __init__(self): raise OSError('no disk')",
        "can't be made: OSError: no disk",
    ),
    "a constructor that explains": (
        "class Bad:\n    def __init__(self): raise SettingsError('add a key')",
        "[plugins.mine]: add a key",
    ),
    "a constructor without config": (
        "class Bad:\n    class Config(Struct): ...",
        "can't be made: TypeError: Bad() takes no arguments",
    ),
    "a constructor that wants more": (
        "class Bad:\n    def __init__(self, config): ...",
        "can't be made: TypeError: Bad.__init__() missing 1 required positional argument: 'config'",
    ),
    "settings of a strange type": (
        "class Bad:\n    class Config(Struct):\n        word: type = int",
        "Bad.Config must be a Struct of plain types",
    ),
    "settings that are no Struct": (
        "class Bad:\n    class Config: ...\n    def __init__(self, config): ...",
        "Bad.Config must be a Struct of plain types",
    ),
    "a settings table for nothing": ("class Bad: ...", "word: this plugin takes no settings"),
    "an unknown fail mode": ("class Bad:\n    fail_mode = 'ajar'", "must be 'closed' or 'open'"),
    "a dataclass": (
        "@dataclass\nclass Bad: ...",
        "must be a plain class, not a dataclass or Struct",
    ),
    "a Struct": ("class Bad(Struct): ...", "must be a plain class, not a dataclass or Struct"),
    "an unknown hook": (f"{HOOK}    def arround_inference(self, next): ...", "arround_inference"),
    "an optional unknown hook": (
        "class Bad:\n    @hookimpl(optionalhook=True)\n    def arround(self): ...",
        "hookimpl(optionalhook=True) is not for this project",
    ),
    "a wrong parameter": (f"{HOOK}    def around_inference(self, handler): ...", "'handler'"),
    "a missing parameter": (
        f"{HOOK}    def around_inference(self): ...",
        "must take exactly (self, next)",
    ),
    "a parameter with a default": (
        f"{HOOK}    def around_inference(self, next=None): ...",
        "must take exactly (self, next)",
    ),
    "a plain async hook": (
        f"{HOOK}    def authenticate(self, connection): ...",
        ".authenticate: must be `async def`",
    ),
    "an async plain hook": (
        f"{HOOK}    async def around_inference(self, next): ...",
        ".around_inference: must be a plain `def`; it runs at load",
    ),
    "a generator for a handler": (
        f"{HOOK}    async def around_inference(self, next):\n        yield",
        ".around_inference: must be a plain `def`, not an async generator",
    ),
    "a bare lifespan": (
        f"{HOOK}    async def lifespan(self, gateway):\n        yield",
        ".lifespan: must be a plain `def`, not an async generator; decorate it with @asynccontext",
    ),
}
NEED_A_WORD = ("a settings table for nothing", "settings of a strange type")
for option in ("wrapper", "hookwrapper", "tryfirst", "trylast"):
    BAD[f"the option {option}"] = (
        f"class Bad:\n    @hookimpl({option}=True)\n    def around_inference(self, next):\n"
        "        yield",
        f"hookimpl({option}=True) is not for this project: the file sets the order",
    )


@pytest.mark.parametrize("case", BAD)
def test_a_plugin_that_is_wrong_is_one_message(
    case: str, tmp_path: Path, write_plugin: Write
) -> None:
    """Whatever is wrong with a plugin is one line that names file, table, cause and remedy."""
    source, expected = BAD[case]
    module = write_plugin("")
    with (tmp_path / f"{module}.py").open("a") as file:
        file.write(source)
    more = "word = 'b'" if case in NEED_A_WORD else ""
    with pytest.raises(SettingsError) as caught:
        _load(_toml(f"{module}:Bad", more), tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/localai.toml:")
    assert "[plugins.mine]" in message
    assert expected in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("not_there:C", "use: there is no module 'not_there' in {folder} or among the installed"),
        ("not.there:C", "use: there is no module 'not.there' in {folder}"),
        ("json.not_there:C", "use: there is no module 'json.not_there' in {folder}"),
        (".relative:C", "use: module '.relative' can't be imported"),
        (":C", "use: module '' can't be imported"),
    ],
)
def test_a_module_that_is_not_there_is_named(use: str, expected: str, tmp_path: Path) -> None:
    """A missing module is one message that says where it was looked for."""
    with pytest.raises(SettingsError) as caught:
        _load(_toml(use), tmp_path)
    assert expected.format(folder=tmp_path) in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/localai.toml:4: [plugins.mine] ")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("wrd = 'b'", ":5: [plugins.mine] wrd: unknown setting; did you mean 'word'?"),
        ("word = 5", ":5: [plugins.mine] word: expected 'str', got 'int'"),
        ("key = 'file:absent'", ":5: [plugins.mine] key: expected a readable file"),
    ],
)
def test_wrong_settings_of_a_plugin_are_explained(
    more: str, expected: str, tmp_path: Path, write_plugin: Write
) -> None:
    """A plugin's table is checked as strictly as those of the core."""
    with pytest.raises(SettingsError) as caught:
        _load(_toml(f"{write_plugin(GOOD)}:Good", more), tmp_path)
    assert expected in str(caught.value)


def test_two_plugins_can_not_be_one_object(tmp_path: Path, write_plugin: Write) -> None:
    """A class that always gives the same object can be used once only."""
    module = write_plugin("class One:\n    me = object()\n    def __new__(cls): return cls.me")
    tables = "".join(f"[plugins.{name}]\nuse = '{module}:One'\n" for name in "ab")
    with pytest.raises(SettingsError, match=r"\[plugins.a\]: .*already registered"):
        _load(f"[chain]\nplugins = ['a', 'b']\n{tables}", tmp_path)


def test_an_unchanged_plugin_lives_on(tmp_path: Path, write_plugin: Write) -> None:
    """With the same table and code the plugin is the same object, wherever it stands."""
    toml = _toml(f"{write_plugin(GOOD)}:Good", "word = 'b'")
    before = _load(toml, tmp_path)
    after = _load(f"{toml}\nenabled = true\n[log]\nlevel = 'error'", tmp_path, before)
    assert after[0] is before[0]


def test_a_changed_table_makes_another_plugin(
    tmp_path: Path, write_plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed setting, and a secret that changed behind its reference, make a new object."""
    toml = _toml(f"{write_plugin(GOOD)}:Good", "key = '${A_KEY}'")
    monkeypatch.setenv("A_KEY", "one")
    first = _load(toml, tmp_path)
    monkeypatch.setenv("A_KEY", "two")
    second = _load(toml, tmp_path, first)
    third = _load(f"{toml}\nword = 'c'", tmp_path, second)
    assert len({id(plugin.instance) for plugin in (*first, *second, *third)}) == 3


def test_changed_code_makes_another_plugin(tmp_path: Path, write_plugin: Write) -> None:
    """An edit of the same length within the same second is seen, and only the new object has it."""
    module = write_plugin("class Mine:\n    said = 'a'")
    toml = _toml(f"{module}:Mine")
    plugins, said = _load(toml, tmp_path), ["a"]
    objects = list(plugins)
    for word in "bcd":
        (tmp_path / f"{module}.py").write_text(f"{IMPORTS}class Mine:\n    said = '{word}'")
        plugins = _load(toml, tmp_path, plugins)
        objects.append(plugins[0])
        said.append(word)
    assert [each.instance.said for each in objects] == said


def test_broken_code_can_be_mended(tmp_path: Path, write_plugin: Write) -> None:
    """After a failed import the next good version is taken, with what it imports."""
    module, helper = write_plugin("class Mine: ..."), write_plugin("WORD = 'a'")
    file, toml = tmp_path / f"{module}.py", _toml(f"{module}:Mine")
    before = _load(toml, tmp_path)
    file.write_text(f"from {helper} import WORD\n1 / 0")
    with pytest.raises(SettingsError, match="ZeroDivisionError"):
        _load(toml, tmp_path, before)
    (tmp_path / f"{helper}.py").write_text("WORD = 'b'")
    file.write_text(f"from {helper} import WORD\nclass Mine:\n    said = WORD")
    assert _load(toml, tmp_path, before)[0].instance.said == "b"


class Package:
    """A package of two plugins, of which one has a helper."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.write("__init__", "")
        self.write("helper", "WORD = 'a'")
        self.write("one", "from . import helper\nclass One:\n    said = helper.WORD")
        self.write("two", "class Two: ...")
        self.tables = {
            "one": f"[plugins.one]\nuse = '{name}.one:One'\n",
            "two": f"[plugins.two]\nuse = '{name}.two:Two'\n",
        }

    def write(self, module: str, source: str) -> None:
        """Write a module."""
        (self.folder / f"{module}.py").write_text(source)

    def load(self, *names: str, loaded: dict[str, Plugin] | None = None) -> dict[str, Plugin]:
        """Load the plugins of these names."""
        toml = f"[chain]\nplugins = {list(names)!r}\n"
        toml += "".join(self.tables[name] for name in names)
        plugins = _load(toml, self.folder.parent, list((loaded or {}).values()))
        return {plugin.name: plugin for plugin in plugins}


@pytest.fixture
def package(tmp_path: Path, write_plugin: Write) -> Package:
    """A package whose name is used nowhere else."""
    return Package(tmp_path, f"{write_plugin('')}_package")


def test_a_new_neighbour_does_not_disturb_a_plugin(package: Package) -> None:
    """Plugins of one package that do not import each other change apart."""
    alone = package.load("one")
    both = package.load("one", "two", loaded=alone)
    assert both["one"] is alone["one"]
    package.write("two", "class Two:\n    new = True")
    after = package.load("one", "two", loaded=both)
    assert after["one"] is both["one"]
    assert after["two"].instance.new


def test_what_a_plugin_imports_is_part_of_it(package: Package) -> None:
    """A change in a helper of the package makes another plugin, which runs the new code."""
    before = package.load("two", "one")
    assert package.folder / "helper.py" in before["one"].sources
    package.write("helper", "WORD = 'b'")
    after = package.load("two", "one", loaded=before)
    assert after["two"] is before["two"]
    assert (before["one"].instance.said, after["one"].instance.said) == ("a", "b")


def test_every_built_in_plugin_loads_with_its_defaults(tmp_path: Path) -> None:
    """All families together, without any table, are a working chain of what is not optional."""
    loaded = _load(f"[chain]\nplugins = {list(families())!r}", tmp_path)
    assert [plugin.name for plugin in loaded] == [
        f"{family}.{member}"
        for family, members in families().items()
        for member in members
        if member not in optional(family)
    ]
    assert _instances(_load(f"[chain]\nplugins = {list(families())!r}", tmp_path, loaded)) == (
        _instances(loaded)
    )


def _instances(plugins: list[Plugin]) -> list[Any]:
    return [plugin.instance for plugin in plugins]


NEEDY = """
    class Needy:
        needs = ("metrics.log",)
"""


def test_a_plugin_that_needs_another_one_says_so(tmp_path: Path, write_plugin: Write) -> None:
    """A file with a plugin whose `needs` is off is refused, and the message says what to do."""
    use = f"{write_plugin(NEEDY)}:Needy"
    with pytest.raises(SettingsError, match=r"'mine' needs 'metrics\.log', which is off"):
        _load(_toml(use), tmp_path)
    both = _toml(use).replace("['mine']", "['metrics.log', 'mine']")
    assert [plugin.name for plugin in _load(both, tmp_path)] == ["metrics.log", "mine"]

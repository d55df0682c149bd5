"""`localai plugins list` and `localai plugins new`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.core.cli.support import EMBEDDED, refusal, run, serving

SHIPPED = Path(__file__).parents[3] / "localai.toml"


def listed() -> dict[str, tuple[str, str]]:
    """Return what `plugins list` prints: on or off, and the class, by name."""
    result = run("plugins", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert len({name for _, name, _ in rows}) == len(rows)
    return {name: (state, use) for state, name, use in rows}


def test_the_list_says_what_is_on(folder: Path) -> None:
    """Every built-in plugin is on or off, as the file has it."""
    assert {state for state, _ in listed().values()} == {"off"}
    (folder / "localai.toml").write_text(
        '[chain]\nplugins = ["cache", "routing.aliases", "auth"]\n[plugins.auth]\nenabled = false\n'
    )
    on = {name for name, (state, _) in listed().items() if state == "on"}
    assert on == {"cache.exact", "routing.aliases"}


def test_the_list_has_plugins_of_ones_own(folder: Path) -> None:
    """A plugin of one's own is in the list, also under a built-in name, with the class it uses."""
    (folder / "localai.toml").write_text(
        '[chain]\nplugins = ["mine", "auth", "cache"]\n'
        '[plugins.mine]\nuse = "a:Mine"\n'
        '[plugins.auth]\nuse = "a:Door"\n'
        '[plugins.cache.exact]\nuse = "a:Cache"\n'
    )
    rows = listed()
    assert rows["mine"] == ("on", "a:Mine")
    assert rows["auth"] == ("on", "a:Door")
    assert rows["auth.static"] == ("off", "plugins.auth.static:StaticKeys")
    assert rows["cache.exact"] == ("on", "a:Cache")


def test_a_new_plugin_is_added_to_the_file_with_nothing_else_changed(folder: Path) -> None:
    """Comments, order and spacing stay: only the chain grows, and a table comes at the end."""
    file = folder / "localai.toml"
    file.write_text(SHIPPED.read_text())
    assert run("plugins", "new", "mark").exit_code == 0
    before, after = SHIPPED.read_text(), file.read_text()
    grown = re.sub(r"(\nplugins = \[[^]]*)\]", r'\1, "mark"]', before, count=1)
    assert after == f'{grown}\n[plugins.mark]\nuse = "my_plugins.mark:Mark"\nsuffix = " ✓"\n'


@pytest.mark.parametrize(
    "toml",
    [
        None,
        "",
        "# mine\n[chain]\nplugins = []  # none yet\n",
        '[chain]\nplugins = [\n    "cache",  # first\n]\n[plugins.cache.exact]\nttl = "2h"\n',
        'chain = { plugins = ["cache"] }\n',
        '[plugins.cache.exact]\nttl = "2h"\n[server]\nport = 0\n[plugins.metrics.log]\n',
    ],
)
def test_a_new_plugin_checks_in_every_file(folder: Path, toml: str | None) -> None:
    """Whatever the file looks like, or without one, the plugin is the last of its chain."""
    file = folder / "localai.toml"
    if toml is not None:
        file.write_text(toml)
    result = run("plugins", "new", "mark")
    assert (result.exit_code, result.stderr) == (0, "")
    for comment in ("# mine", "# none yet", "# first"):
        assert (comment in (toml or "")) is (comment in file.read_text())
    checked = run("check")
    assert (checked.exit_code, checked.stderr) == (0, "")
    *_, last, ollama = checked.stdout.splitlines()
    assert last.split() == ["mark", "fails", "closed", "my_plugins.mark:Mark"]
    assert ollama.split()[0] == "ollama"


@pytest.mark.parametrize("name", ["mark", "my_own_filter2"])
def test_the_test_of_a_new_plugin_passes(folder: Path, name: str) -> None:
    """The generated plugin does what its generated test says."""
    result = run("plugins", "new", name)
    command = result.stdout.splitlines()[-1].partition("python ")[2].split()
    assert command == ["-m", "pytest", f"my_plugins/test_{name}.py"]
    # It needs no plugin of pytest; to load those that are installed takes most of the time.
    done = subprocess.run(
        [sys.executable, *command, "-q"],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


async def test_the_router_serves_with_a_new_plugin(folder: Path) -> None:
    """The mark of the generated plugin is at the end of every answer, streamed or not."""
    (folder / "localai.toml").write_text(EMBEDDED)
    assert run("plugins", "new", "mark").exit_code == 0
    async with serving("serve", "--port", "0") as router:
        ready = await router.until("ready")
        assert ready["plugins"] == ["mark"]
        async with httpx.AsyncClient(base_url=ready["url"], trust_env=False) as client:
            body = {"model": "localai-guide", "prompt": "Hello", "stream": False}
            plain = (await client.post("/api/generate", json=body)).json()["response"]
            stream = await client.post("/api/generate", json=body | {"stream": True})
    pieces = [json.loads(line)["response"] for line in stream.text.splitlines()]
    assert len(pieces) > 2
    assert "".join(pieces) == plain
    assert plain.endswith(" ✓")
    assert plain.count("✓") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("My-Filter", "use lower-case letters, digits and '_'"),
        ("../evil", "use lower-case letters, digits and '_'"),
        ("x" * 41, "use lower-case letters, digits and '_'"),
        ("", "use lower-case letters, digits and '_'"),
        ("class", "has a meaning already"),
        ("none", "has a meaning already"),
        ("chunk", "has a meaning already"),
        ("cache", "has a meaning already"),
        ("mine", "the file has a plugin 'mine' already"),
        ("there", "there.py exists already"),
    ],
)
def test_a_name_that_is_no_good_is_refused(folder: Path, name: str, message: str) -> None:
    """A name that can't be, or that is taken, changes and writes nothing."""
    file = folder / "localai.toml"
    file.write_text('[plugins.mine]\nuse = "a:Mine"\n')
    (folder / "my_plugins").mkdir()
    (folder / "my_plugins" / "there.py").write_text("# mine\n")
    before = file.read_text()
    assert message in refusal(run("plugins", "new", name))
    assert file.read_text() == before
    assert [path.name for path in (folder / "my_plugins").iterdir()] == ["there.py"]
    assert (folder / "my_plugins" / "there.py").read_text() == "# mine\n"


def test_a_wrong_file_gets_no_new_plugin(folder: Path) -> None:
    """A mistake in the file is told before anything is written."""
    (folder / "localai.toml").write_text("[chain\n")
    assert refusal(run("plugins", "new", "mark")).startswith("localai.toml: ")
    assert not (folder / "my_plugins").exists()


def test_the_file_of_the_option_gets_the_plugin(folder: Path) -> None:
    """The plugin's code goes beside the file that is named, wherever one stands."""
    (folder / "elsewhere").mkdir()
    assert run("-c", "elsewhere/own.toml", "plugins", "new", "mark").exit_code == 0
    assert "my_plugins.mark:Mark" in (folder / "elsewhere" / "own.toml").read_text()
    assert (folder / "elsewhere" / "my_plugins" / "mark.py").is_file()
    assert not (folder / "my_plugins").exists()

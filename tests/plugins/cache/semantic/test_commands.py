"""`localai cache calibrate`."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from localai import SettingsError
from plugins.cache.exact import ExactCache
from plugins.cache.semantic import commands
from plugins.cache.semantic.plugin import SemanticCache

SAMPLE = Path(__file__).parents[4] / "docs" / "calibration-sample.jsonl"
ALONE = '[ollama]\nembedded = "always"\n'
PAIRS = """\
{"a": "How do I reset my password?", "b": "How can I reset my password?", "same": true}
{"a": "Convert 10 miles.", "b": "Convert 12 miles.", "same": false}
{"a": "Why is the sky blue?", "b": "Which fish is blue?", "same": false}
"""


@pytest.fixture
def cli() -> click.Group:
    """A command line with this command."""
    group = click.Group()
    commands.add_to(group)
    return group


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def calibrate(cli: click.Group, *arguments: str, settings: str = ALONE) -> Result:
    """Run the command by these settings."""
    Path("localai.toml").write_text(settings)
    Path("pairs.jsonl").write_text(PAIRS)
    return CliRunner().invoke(cli, ["cache", "calibrate", *arguments], obj=Path("localai.toml"))


def figures(output: str) -> dict[float, tuple[float, float, int]]:
    """Return precision, recall and false hits by threshold."""
    rows = re.findall(r"^ +(\d\.\d\d) +(\d\.\d{3}) +(\d\.\d{3}) +\d\.\d{3} +(\d+)", output, re.M)
    return {float(row[0]): (float(row[1]), float(row[2]), int(row[3])) for row in rows}


def test_the_default_is_right_on_the_sample(cli: click.Group) -> None:
    """By the built-in model, the default threshold has no false hit and finds half of the rest."""
    result = calibrate(cli, str(SAMPLE))
    assert result.exit_code == 0, result.output
    default = SemanticCache.Config().threshold
    precision, recall, false_hits = figures(result.output)[default]
    assert (precision, false_hits) == (1.0, 0)
    assert recall >= 0.45
    assert re.search(rf" {default:.2f} .*<- in the settings", result.output)


def test_it_prints_a_table_a_plot_and_what_to_do(cli: click.Group) -> None:
    """All that the threshold is chosen by is there."""
    result = calibrate(cli, "pairs.jsonl")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "3 pairs, 1 of them the same, compared by localai-embed." in lines
    assert "2 of them are kept apart by [plugins.cache.semantic] equal, however similar." in lines
    assert "threshold  precision  recall     F1  false hits" in lines
    assert "  1.0 ┤" in result.output
    assert "Recommended: threshold = 0.98, at which 100.0% of the hits are right" in result.output
    assert figures(result.output)[0.5] == (1.0, 1.0, 0)


def test_the_picture_is_written(cli: click.Group) -> None:
    """`--svg` has the same curves; a place that can't be written to is said."""
    assert calibrate(cli, "pairs.jsonl", "--svg", "curves.svg").exit_code == 0
    assert Path("curves.svg").read_text().startswith("<svg ")
    result = calibrate(cli, "pairs.jsonl", "--svg", "none/curves.svg")
    assert isinstance(result.exception, SettingsError)
    assert str(result.exception) == "none/curves.svg: can't be written: No such file or directory"


def test_the_settings_of_the_plugin_count_also_while_it_is_off(cli: click.Group) -> None:
    """Its threshold, its model, and what must be equal are those of the file."""
    off = f"{ALONE}[plugins.cache.semantic]\nenabled = false\nthreshold = 0.42\nequal = []\n"
    result = calibrate(cli, "pairs.jsonl", settings=off)
    assert result.exit_code == 0, result.output
    assert "\n0 of them are kept apart" in result.output
    assert figures(result.output)[0.42] == (0.333, 1.0, 2)
    wrong = f"{ALONE}[plugins.cache.semantic]\nthreshold = 2\n"
    result = calibrate(cli, "pairs.jsonl", settings=wrong)
    assert "localai.toml:4: [plugins.cache.semantic] threshold: expected" in str(result.exception)


def test_a_model_that_is_not_there_is_said(cli: click.Group) -> None:
    """So is one that can't be reached."""
    result = calibrate(cli, "pairs.jsonl", "--model", "nowhere")
    assert isinstance(result.exception, SettingsError)
    assert "nowhere" in str(result.exception)


def test_no_threshold_may_be_good_enough(cli: click.Group) -> None:
    """Then the advice is to leave it off."""
    Path("bad.csv").write_text("a,b,same\nWhy is it?,Why is it,false\nWhy?,A dog barks,true\n")
    result = calibrate(cli, "bad.csv")
    assert "No threshold makes 99% of the hits right: leave this cache off" in result.output


def test_a_mistake_in_the_file_is_said_before_anything_starts(cli: click.Group) -> None:
    """The message is that of the reader of pairs."""
    Path("broken.jsonl").write_text("{oops")
    result = calibrate(cli, "broken.jsonl")
    assert str(result.exception).startswith("broken.jsonl:1: JSON is malformed")


def test_it_leaves_nothing_behind(cli: click.Group) -> None:
    """No database, key or secret is made to embed some texts."""
    calibrate(cli, "pairs.jsonl", settings=f'{ALONE}[chain]\nplugins = ["auth", "cache"]\n')
    assert sorted(path.name for path in Path().iterdir()) == ["localai.toml", "pairs.jsonl"]


def test_both_plugins_add_it() -> None:
    """So it is there while the semantic cache is off, and once, beside the others, with both."""
    group = click.Group()
    ExactCache(ExactCache.Config()).commands(group)
    SemanticCache(SemanticCache.Config()).commands(group)
    cache = group.commands["cache"]
    assert isinstance(cache, click.Group)
    assert {"calibrate", "clear", "stats"} <= set(cache.commands)
    alone = click.Group()
    ExactCache(ExactCache.Config()).commands(alone)
    assert alone.commands.keys() == group.commands.keys()


def test_the_command_alone_needs_no_numpy() -> None:
    """A router with the exact cache only does not load it."""
    code = (
        "import sys, plugins.cache.exact, plugins.cache.semantic.commands\n"
        "sys.exit('numpy' in sys.modules)"
    )
    folder = Path(__file__).parents[4]
    assert subprocess.run([sys.executable, "-c", code], cwd=folder).returncode == 0

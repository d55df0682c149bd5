"""`localai check`."""

from itertools import groupby
from pathlib import Path

import pytest

from core.resolve import families, optional
from tests.core.cli.support import refusal, run

SHIPPED = Path(__file__).parents[3] / "localai.toml"


def test_the_shipped_file_is_right() -> None:
    """The file in the repository checks, with every plugin that is on in its order."""
    result = run("check", SHIPPED)
    assert (result.exit_code, result.stderr) == (0, "")
    head, *lines = result.stdout.partition("\n\n")[0].splitlines()
    assert head == f"No mistake in {SHIPPED}. A request goes through:"
    names = [line.split()[0] for line in lines]
    members = [
        f"{family}.{each}"
        for family, table in families().items()
        for each in table
        if each not in optional(family)
    ]
    assert sorted(names) == sorted([*members, "ollama"])
    order = [family for family, _ in groupby(name.partition(".")[0] for name in names)]
    assert order == ["metrics", "auth", "guardrails", "routing", "cache", "routing", "ollama"]


def test_a_good_file_prints_its_chain(folder: Path) -> None:
    """Each plugin is one line with its fail mode and its class, outermost first."""
    (folder / "localai.toml").write_text(
        '[chain]\nplugins = ["cache", "auth.static"]\n[ollama]\nhosts = ["http://127.0.0.1:1"]\n'
    )
    lines = run("check").stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["cache.exact", "fails", "open", "plugins.cache.exact:ExactCache"],
        ["auth.static", "fails", "closed", "plugins.auth.static:StaticKeys"],
        ["ollama", "http://127.0.0.1:1"],
    ]


def test_it_says_what_guards_see(folder: Path) -> None:
    """A table says on which endpoint, plain and streamed, which guard sees what goes which way."""
    (folder / "localai.toml").write_text('[chain]\nplugins = ["guardrails.input"]\n')
    _, _, table = run("check").stdout.partition("\n\n")
    said, head, *rows = [line.split() for line in table.splitlines()]
    assert said[:3] == ["Every", "text", "is"]
    assert head == ["input"]
    assert ["POST", "/v1/chat/completions", "stream", "in"] in rows
    assert ["POST", "/api/embeddings", "plain", "in"] in rows
    assert len(rows) == 11


def test_a_guard_that_can_be_passed_by_is_refused(folder: Path) -> None:
    """A cache outside of a guard would answer without it: the file is refused, with the remedy."""
    (folder / "localai.toml").write_text('[chain]\nplugins = ["cache", "guardrails"]\n')
    message = refusal(run("check"))
    assert "localai.toml:2: [chain] plugins: 'cache.exact' can answer by itself" in message
    assert "move 'cache.exact' behind it" in message


def test_without_a_file_the_defaults_are_checked() -> None:
    """No file is no mistake."""
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout.startswith("No mistake in the default settings.")


def test_long_and_odd_paths_are_printed_as_they_are(folder: Path) -> None:
    """No line is broken, and brackets and colons in a path mean nothing."""
    odd = folder / "[red]folder[/red]" / ("x" * 120)
    odd.mkdir(parents=True)
    file = odd / "a:smile:.toml"
    file.write_text("")
    assert run("check", file).stdout.splitlines()[0].startswith(f"No mistake in {file}.")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[server]\nport = 'x'\n", "localai.toml:2: [server] port: expected 'int'"),
        ("[server]\nprot = 1\n", "[server] prot: unknown setting; did you mean 'port'?"),
        ("[chain]\nplugins = ['cahce']\n", "unknown plugin 'cahce'; did you mean 'cache'?"),
        (
            "[chain]\nplugins = ['cache']\n[plugins.cache.exact]\nttl = 'soon'\n",
            "localai.toml:4: [plugins.cache.exact] ttl: expected a duration",
        ),
        (
            "[chain]\nplugins = ['mine']\n[plugins.mine]\nuse = 'no_such_module:Mine'\n",
            "localai.toml:4: [plugins.mine] use: there is no module 'no_such_module'",
        ),
        (
            "[chain]\nplugins = ['auth']\n[plugins.auth.static]\nkeys = [{name='a', key='${NO}'}]",
            "the environment has no variable NO",
        ),
        ("[server]\nhost = '0.0.0.0'\n", "can be reached from other machines"),
        ("[server\n", "localai.toml: "),
        ("\ufeff[server]\n\x00", "localai.toml: "),
    ],
)
def test_a_wrong_file_is_one_message(folder: Path, toml: str, message: str) -> None:
    """What is wrong is told in one line with its place, exit code 1 and no traceback."""
    (folder / "localai.toml").write_text(toml)
    assert message in refusal(run("check"))
    assert message in refusal(run("check", "localai.toml"))


def test_a_file_that_is_no_text_is_one_message(folder: Path) -> None:
    """Bytes that are not UTF-8 are told by their place."""
    (folder / "localai.toml").write_bytes(b"[server]\n\xff")
    assert refusal(run("check")) == "localai.toml: is not UTF-8 (byte 9)"

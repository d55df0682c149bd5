"""One word in a settings file."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.metrics.dashboard.toml_edit import CannotEdit, with_enabled

EXACT = ("plugins", "cache", "exact")
SHIPPED = (Path(__file__).parents[4] / "localai.toml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[plugins.cache.exact]\nenabled = false\n"),
        ("a = 1", "a = 1\n\n[plugins.cache.exact]\nenabled = false\n"),
        (
            "[plugins.cache.exact] # why\nttl = 1 # c\n\n# of server\n[server]\n",
            "[plugins.cache.exact] # why\nenabled = false\nttl = 1 # c\n\n# of server\n[server]\n",
        ),
        (
            "[plugins.cache.exact]\nenabled  =  true   # yes\n",
            "[plugins.cache.exact]\nenabled  =  false   # yes\n",
        ),
        (
            "[plugins]\ncache.exact.enabled = true # x\n",
            "[plugins]\ncache.exact.enabled = false # x\n",
        ),
        (
            "[plugins.cache]\nexact = { enabled = true } # x\n",
            "[plugins.cache]\nexact = { enabled = false } # x\n",
        ),
        (
            "[ plugins . 'cache' . exact ]\r\nttl = '1h'\r\n",
            "[ plugins . 'cache' . exact ]\r\nenabled = false\r\nttl = '1h'\r\n",
        ),
        ("[plugins.cache.exact]", "[plugins.cache.exact]\nenabled = false\n"),
        (
            "x = '''\n[plugins.cache.exact]\n'''\n",
            "x = '''\n[plugins.cache.exact]\n'''\n\n[plugins.cache.exact]\nenabled = false\n",
        ),
    ],
)
def test_one_word_is_changed(before: str, after: str) -> None:
    """Comments, spaces, order and line endings stay, wherever the word stands or has to."""
    assert with_enabled(before, EXACT, False) == after


@pytest.mark.parametrize("text", ["plugins = {}", "plugins = 1", "[plugins]\ncache = 'x'\n"])
def test_what_can_not_be_edited_is_told(text: str) -> None:
    """A text in which no table of that name can be made is refused, and says what to do."""
    with pytest.raises(CannotEdit, match="by hand"):
        with_enabled(text, EXACT, False)


def test_no_toml_is_an_error() -> None:
    """A text that is broken is not touched."""
    with pytest.raises(ValueError, match="table declaration"):
        with_enabled("[plugins", EXACT, False)


def test_each_table_of_the_shipped_file() -> None:
    """Plugins of the shipped file are switched by one line, and back to the same text."""
    plugins = tomllib.loads(SHIPPED)["plugins"]
    names = [
        ("plugins", family, member)
        for family, members in plugins.items()
        for member, table in members.items()
        if isinstance(table, dict) and "enabled" in table
    ]
    assert len(names) > 20
    for where in names[::15]:
        table = plugins[where[1]][where[2]]
        changed = with_enabled(SHIPPED, where, not table["enabled"])
        assert changed != SHIPPED
        assert with_enabled(changed, where, table["enabled"]) == SHIPPED


NAMES = st.sampled_from(["cache", "exact", "semantic", "log", "a b", "ü"])
VALUES = st.sampled_from(["1", "true", '"x # y"', "[1, 2]", "{ enabled = true }", "'''\n[x]\n'''"])
LINES = st.one_of(
    st.just("\n"),
    st.sampled_from(["# a comment\n", "  # [plugins.cache]\n"]),
    st.builds(lambda name, value: f'"{name}" = {value}\n', NAMES | st.just("enabled"), VALUES),
    st.lists(NAMES, min_size=1, max_size=2).map(
        lambda names: "[plugins." + ".".join(f'"{name}"' for name in names) + "] # t\n"
    ),
    st.just("[server]\n"),
)


def _at(tables: object, where: Sequence[str]) -> object:
    for name in where:
        tables = tables.get(name) if isinstance(tables, dict) else None
    return tables


@settings(max_examples=80)
@given(
    st.lists(LINES, max_size=8).map("".join),
    st.lists(NAMES, min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_nothing_else_is_ever_said(text: str, names: list[str], value: bool, ending: str) -> None:
    """Whatever the file is like, only `enabled` is another afterwards, and no line is lost."""
    text = text.replace("\n", ending)
    where = ("plugins", *names)
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    try:
        edited = with_enabled(text, where, value)
    except CannotEdit:
        return
    after = tomllib.loads(edited)
    table = _at(after, where)
    assert isinstance(table, dict)
    assert table["enabled"] is value
    old = _at(before, where)
    if isinstance(old, dict) and "enabled" in old:
        table["enabled"] = old["enabled"]
        assert after == before
    lost = [line for line in text.splitlines() if line not in edited.splitlines()]
    assert len(lost) <= 1

"""Mistakes in a TOML file are explained with their place."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from core.errors import SettingsError
from core.explain import Document, hint
from core.units import Duration, Secret

TEXT = """\
[plugins.auth.static]   # keys
enabled = true
keys = [{ name = "me" }]

["plugins".'shout']
"loud" = "yes"
nested.depth = 3
text = '''
[plugins.other]
'''
[plugins.other]
loud = 1
"""


class Nested(Struct, forbid_unknown_fields=True, frozen=True):
    """A table in a table."""

    depth: Annotated[int, Meta(le=2)] = 1
    pause: Duration = Duration(1)


class Rule(Struct, forbid_unknown_fields=True, frozen=True):
    """One of a list of tables."""

    per: Literal["key", "user"] = "key"
    kinds: Annotated[tuple[Literal["chat", "embed"], ...], Meta(min_length=1)] = ("chat",)


class Shout(Struct, forbid_unknown_fields=True):
    """Settings with all that can be wrong."""

    word: str
    loud: bool = True
    nested: Nested = Nested()
    marks: dict[str, int] = {}
    key: Secret = Secret("")
    folder: Path = Path()
    rules: Annotated[tuple[Rule, ...], Meta(max_length=9)] = ()


def _refusal(table: dict[str, Any], folder: Path = Path("/x")) -> str:
    with pytest.raises(SettingsError) as caught:
        Document(TEXT, folder / "my.toml").convert(table, Shout, ("plugins", "shout"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("where", "key", "line"),
    [
        (("plugins", "auth", "static"), "", 1),
        (("plugins", "auth", "static"), "keys", 3),
        (("plugins", "auth", "static"), "absent", 1),
        (("plugins", "shout"), "loud", 6),
        (("plugins", "shout", "nested"), "depth", 7),
        (("plugins", "other"), "loud", 12),
        (("plugins", "nowhere"), "loud", None),
        ((), "server", None),
    ],
)
def test_a_key_is_found_in_its_table(where: tuple[str, ...], key: str, line: int | None) -> None:
    """The line is the key's, or else that of the nearest table around it, or none."""
    assert Document(TEXT, None).line(where, key) == line


def test_a_required_setting_that_is_missing_is_named() -> None:
    """A table without a required setting is told which one, at the table's line."""
    assert _refusal({}) == "/x/my.toml:5: [plugins.shout] word: this setting is required"


def test_nested_tables_are_named_whole() -> None:
    """A mistake in a table within a table names both, and the nearest name there."""
    assert _refusal({"word": "a", "nested": {"dept": 1}}) == (
        "/x/my.toml:5: [plugins.shout.nested] dept: unknown setting; did you mean 'depth'?"
    )
    assert "[plugins.shout.nested] depth: expected 'int' <= 2" in _refusal(
        {"word": "a", "nested": {"depth": 3}}
    )
    assert "[plugins.shout.nested] pause: expected a duration" in _refusal(
        {"word": "a", "nested": {"pause": "long"}}
    )


def test_secrets_are_not_in_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret next to a mistake, or one that is wrong itself, is not shown."""
    monkeypatch.setenv("HUSH", "hush-hush")
    assert "hush" not in _refusal({"word": 5, "key": "${HUSH}"})
    message = _refusal({"word": "a", "key": "file:absent"}, tmp_path)
    assert "key: expected a readable file: No such file" in message


def test_values_are_read_relative_to_the_file(tmp_path: Path) -> None:
    """`file:` and paths start at the folder of the file."""
    (tmp_path / "key.txt").write_text("hush")
    document = Document("", tmp_path / "my.toml")
    table = {"word": "a", "key": "file:key.txt", "folder": "data"}
    config = document.convert(table, Shout, ("plugins", "shout"))
    assert config.key.reveal() == "hush"
    assert config.folder == tmp_path / "data"


def test_a_hint_is_the_nearest_name_or_all() -> None:
    """A near name is proposed; without one the known names are listed; without any, nothing."""
    assert hint("cahce", ["cache", "auth"]) == "; did you mean 'cache'?"
    assert hint("zzz", ["cache", "auth"]) == "; known are: auth, cache"
    assert hint("zzz", []) == ""


@given(st.text(), st.lists(st.text(), max_size=3), st.text())
def test_any_text_and_place_has_a_message(text: str, where: list[str], key: str) -> None:
    """An error can be made about any key of any table of any text."""
    message = str(Document(text, Path("/x/my.toml")).error(tuple(where), key, "is wrong"))
    assert message.startswith("/x/my.toml")
    assert message.endswith(": is wrong")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"per": "kee"}, "[plugins.shout.rules] per: expected one of 'key', 'user'"),
        ({"kinds": ["chta"]}, "[plugins.shout.rules] kinds: expected one of 'chat', 'embed'"),
        ({"kind": ["chat"]}, "[plugins.shout.rules] kind: unknown setting; did you mean 'kinds'?"),
    ],
)
def test_lists_of_tables_are_explained_too(rule: dict[str, Any], message: str) -> None:
    """A wrong choice or name within a list names the choices, or the nearest name."""
    assert message in _refusal({"word": "x", "rules": [{}, rule]})


def test_tables_of_the_users_own_names_are_explained_too() -> None:
    """A wrong value below a name that only the file has is told with the table's name."""
    assert _refusal({"word": "x", "marks": {"mine": "2"}}).endswith(
        "[plugins.shout] marks: expected 'int', got 'str'"
    )

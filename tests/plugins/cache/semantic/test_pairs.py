"""Pairs of texts from a file."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import SettingsError
from plugins.cache.semantic import pairs as pairs_module
from plugins.cache.semantic.pairs import Pair, read_pairs

SAMPLE = Path(__file__).parents[4] / "docs" / "calibration-sample.jsonl"
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip())
PAIRS = st.lists(st.builds(Pair, TEXTS, TEXTS, st.booleans()), max_size=4)


def written(folder: Path, text: str) -> Path:
    """Write a file."""
    file = folder / "pairs"
    file.write_text(text, encoding="utf-8", newline="")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for files."""
    return tmp_path_factory.mktemp("pairs")


@settings(deadline=None)
@given(pairs=PAIRS)
def test_both_forms_give_the_same_pairs(folder: Path, pairs: list[Pair]) -> None:
    """Any texts, with commas, quotes and line breaks, come out of JSON lines and of CSV alike."""
    pairs = [*pairs, Pair("a", "b", True), Pair("a", "c", False)]
    lines = "".join(
        json.dumps({"a": pair.a, "b": pair.b, "same": pair.same}) + "\n" for pair in pairs
    )
    assert read_pairs(written(folder, lines)) == pairs
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["same", "a", "b"])
    writer.writerows([str(pair.same).lower(), pair.a, pair.b] for pair in pairs)
    assert read_pairs(written(folder, table.getvalue())) == pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "x", "b": "y"}', ":1: Object missing required field `same`"),
        ('{"a": "x", "b": "y", "same": true}\n\n{oops', ":3: JSON is malformed"),
        ('{"a": "x", "b": "y", "same": "yes"}', ":1: Expected `bool`"),
        ('{"a": "x", "b": "y", "same": true, "c": 1}', ":1: Object contains unknown field `c`"),
        ('{"a": " ", "b": "y", "same": true}', ":1: both texts must say something"),
        ('{"a": "x", "b": "y", "same": true}\n' * 3, ": needs pairs that mean the same and"),
        ("", ":1: expected the head a,b,same"),
        ("x,y,true\n", ":1: expected the head a,b,same"),
        ("a,b,same\nx,y,maybe\n", ":2: 'same' must be true or false"),
        ("a,b,same\nx,y,true\n\nx,y\n", ":4: 2 values instead of 3"),
        ('a,b,same\n"x,y,true\n', ":2: unexpected end of data"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """The message has the file, the line, and what is wrong there."""
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_pairs(file)
    assert str(caught.value).startswith(f"{file}{message}")


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    """One that is not there, and one that is no text."""
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        read_pairs(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b'{"a": "\xff')
    with pytest.raises(SettingsError, match="is not UTF-8"):
        read_pairs(tmp_path / "binary")


def test_there_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More pairs than can be embedded in reasonable time are refused."""
    monkeypatch.setattr(pairs_module, "MOST", 2)
    file = written(tmp_path, '{"a": "x", "b": "y", "same": true}\n' * 3)
    with pytest.raises(SettingsError, match=":3: 2 pairs are the most"):
        read_pairs(file)


def test_the_sample_is_one() -> None:
    """The pairs of the documentation can be read, and are of both kinds, none twice."""
    pairs = read_pairs(SAMPLE)
    assert 60 <= len(pairs) <= 100
    assert len({(pair.a, pair.b) for pair in pairs}) == len(pairs)
    assert 0.4 <= sum(pair.same for pair in pairs) / len(pairs) <= 0.6

"""The page's files."""

from pathlib import Path

from plugins.metrics.dashboard.static import FOLDER, INDEX, TYPES, files


def test_the_page_is_there() -> None:
    """The folder has a page, and nothing of a type that is not served."""
    found = files()
    assert INDEX in found
    assert {path.name for path in FOLDER.iterdir()} == {*found}
    assert {path.suffix for path in FOLDER.iterdir()} <= {*TYPES}


def test_a_file_has_a_tag_of_its_own(tmp_path: Path) -> None:
    """The tag changes with the content, and an answer to who has it already is empty."""
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("2")
    (tmp_path / "c.txt").write_text("none of the page's")
    found = files(tmp_path)
    assert {*found} == {"a.js", "b.js"}
    one, other = found["a.js"], found["b.js"]
    assert one.tag != other.tag
    assert one.answer("").content == b"1"
    assert one.answer(other.tag).status_code is None
    for known in (one.tag, f"W/{one.tag}", f"{other.tag}, {one.tag}"):
        assert (one.answer(known).status_code, one.answer(known).content) == (304, b"")

"""The page's files: small, its own, and without anything that the policy would stop."""

import re
from pathlib import Path

import pytest

from plugins.metrics.dashboard.static import FOLDER

FILES = sorted(FOLDER.iterdir())
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
NAMESPACE = "http://www.w3.org/2000/svg"


def name(file: Path) -> str:
    """Return what a test of a file is called."""
    return file.name


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_file_is_small_and_needs_nobody_else(file: Path) -> None:
    """No file has more than 400 lines, or an address of another server."""
    text = file.read_text()
    assert len(text.splitlines()) <= 400
    assert "//" not in re.sub(r"^\s*//.*$| // .*$", "", text.replace(NAMESPACE, ""), flags=re.M)


@pytest.mark.parametrize("file", SCRIPTS, ids=name)
def test_a_script_puts_data_in_as_text_only(file: Path) -> None:
    """Nothing in it makes HTML or code of a text, and it says first what it is for."""
    text = file.read_text()
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|Function\("
    assert re.findall(ways, text) == []
    assert text.startswith("/*")


def test_the_page_has_no_script_or_style_within_it() -> None:
    """All of them are files, and each that the page names is there."""
    text = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", text)
    named = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert [each for each in named if not (FOLDER / each).is_file()] == []


def test_each_file_is_used() -> None:
    """Each is named by the page or by a script."""
    text = "".join(file.read_text() for file in FILES if file.suffix in (".html", ".js"))
    unused = [file.name for file in FILES if f'"./{file.name}"' not in text]
    page = (FOLDER / "index.html").read_text()
    assert [each for each in unused if f'"{each}"' not in page and each != "index.html"] == []

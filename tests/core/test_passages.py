"""Markdown is split into passages that can be quoted."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import passages
from core.passages import MAX_PASSAGE, Passage, read, split

MARKDOWN = """\
[![badge](x.svg)](y)
<!-- a remark -->
# Router

First line
and second.

## Keys ##

Make one:

```sh
# not a heading

localai keys create
```

- one item
  with more
- another

  its second paragraph

1. first step

| name | meaning |
|---|---|
| `ttl` | how long |
| `size` | how much |

### Deep

Below.

## Last

The end.
"""


def test_every_kind_of_block_is_one_passage_below_its_headings() -> None:
    """Paragraphs, items, rows and code become passages with the path of their headings."""
    assert [(p.headings, p.text) for p in split(MARKDOWN, "README.md")] == [
        (("Router",), "First line\nand second."),
        (
            ("Router", "Keys"),
            "Make one:\n\n```sh\n# not a heading\n\nlocalai keys create\n```",
        ),
        (("Router", "Keys"), "- one item\n  with more"),
        (("Router", "Keys"), "- another\n\n  its second paragraph"),
        (("Router", "Keys"), "1. first step"),
        (("Router", "Keys"), "| name | meaning |\n|---|---|\n| `ttl` | how long |"),
        (("Router", "Keys"), "| name | meaning |\n|---|---|\n| `size` | how much |"),
        (("Router", "Keys", "Deep"), "Below."),
        (("Router", "Last"), "The end."),
    ]


def test_a_fence_ends_only_at_its_like() -> None:
    """Code may hold shorter fences and fences of the other kind."""
    code = "````\n```\n~~~\n````"
    assert [p.text for p in split(f"{code}\n\nAfter.", "a.md")] == [code, "After."]


def test_code_that_is_never_closed_is_kept() -> None:
    """A fence without an end reaches to the end of the text."""
    assert [p.text for p in split("```\na\n\nb", "a.md")] == ["```\na\n\nb"]


def test_a_long_passage_is_shortened_at_a_line() -> None:
    """What is too long ends with a whole line, and code in it is closed."""
    line = "word " * 20
    (plain,) = split("\n".join([line] * 50), "a.md")
    (code,) = split("~~~\n" + f"{line}\n" * 50 + "~~~", "a.md")
    assert len(plain.text) <= MAX_PASSAGE + 2
    assert plain.text.endswith(f"{line}\n…")
    assert code.text.endswith(f"{line}\n~~~")


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text do no harm."""
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("# Title\n\nText.\n")
    bad.write_bytes(b"# \xff\n\n\xfe text\n")
    found = read([tmp_path / "missing.md", tmp_path, bad, good])
    assert [passage.file for passage in found] == ["bad.md", "good.md"]
    assert found[1] == Passage("good.md", ("Title",), "Text.")


def test_the_number_of_passages_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very large documents only the first passages are kept."""
    monkeypatch.setattr(passages, "MAX_PASSAGES", 3)
    (tmp_path / "a.md").write_text("\n\n".join("abcdef"))
    assert [passage.text for passage in read([tmp_path / "a.md"])] == ["a", "b", "c"]


@given(st.lists(st.sampled_from([*MARKDOWN.splitlines(), "````", "~~~", "", "|", "-", " x"])))
def test_any_markdown_can_be_split(lines: list[str]) -> None:
    """Blocks in any order give passages that are never empty."""
    assert all(passage.text for passage in split("\n".join(lines), "a.md"))

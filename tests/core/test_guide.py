"""The built-in guide finds the right passage."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guide import GET_A_MODEL, WHAT_I_AM, Guide
from tests.pace import within

README = """\
# Edge router

One process in front of Ollama.

## Installing

Clone the repository and run `pip install -e .`; then start the router with `localai serve`.

## Plugins

Every feature is a plugin, and the order of the chain is written in the file.
"""
CONFIGURATION = """\
# Configuration

Every setting lives in `localai.toml`.

## Reloading

Save the file and the router reloads it: no restart, no dropped stream.

## Caching

The response cache keeps answers for a time to live.

| setting | default | meaning |
|---|---|---|
| `ttl` | `"1h"` | how long an answer is kept |
| `max_size` | `"256MB"` | memory that the cache may take |

## Keys

Create a key for a user:

```sh
localai keys create --name alice
```

Revoke it when they leave.
"""


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    """A guide to two documents; a third one is missing."""
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "configuration.md").write_text(CONFIGURATION)
    return Guide([tmp_path / name for name in ("README.md", "missing.md", "configuration.md")])


@pytest.mark.parametrize(
    ("question", "heading", "quoted"),
    [
        ("How do I install it?", "Edge router > Installing > `README.md`", "pip install -e ."),
        (
            "does saving need a restart?",
            "Configuration > Reloading > `configuration.md`",
            "no dropped stream",
        ),
        ("create keys", "Configuration > Keys > `configuration.md`", "localai keys create"),
        (
            "What is the max_size of the cache?",
            "Configuration > Caching > `configuration.md`",
            '| `max_size` | `"256MB"` |',
        ),
        ("plugin order", "Edge router > Plugins > `README.md`", "order of the chain"),
    ],
)
def test_the_right_passage_comes_first(
    guide: Guide, question: str, heading: str, quoted: str
) -> None:
    """The first quote of an answer is the passage that answers, below its headings and file."""
    _, title, passage, *_ = guide.answer(question).split("\n\n", 3)
    assert title == f"**{heading}**"
    assert quoted in guide.answer(question)
    assert passage in README + CONFIGURATION or passage.splitlines()[-1] in CONFIGURATION


def test_code_is_quoted_with_what_introduces_it(guide: Guide) -> None:
    """A command comes together with the sentence before it, as Markdown code."""
    code = "Create a key for a user:\n\n```sh\nlocalai keys create --name alice\n```"
    assert code in guide.answer("How can I create a key for my user?")


def test_passages_of_one_place_share_its_heading(guide: Guide) -> None:
    """Two quotes from below the same heading name it once."""
    answer = guide.answer("cache setting")
    assert answer.count("**Configuration > Caching > `configuration.md`**") == 1
    assert answer.count("| `ttl` |") == answer.count("| `max_size` |") == 1


@pytest.mark.parametrize("question", ["hello", "", "What is the capital of France?", "¿qué?", "?!"])
def test_a_question_without_an_answer_lists_the_headings(guide: Guide, question: str) -> None:
    """A greeting or another subject is answered by what the guide knows about."""
    answer = guide.answer(question)
    assert "I found nothing about this" in answer
    assert "- `README.md`: Edge router, Installing, Plugins" in answer
    assert "- `configuration.md`: Configuration, Reloading, Caching, Keys" in answer


@pytest.mark.parametrize("question", ["How do I install it?", "hello"])
def test_every_answer_says_what_it_is_and_how_to_get_a_model(guide: Guide, question: str) -> None:
    """No answer passes for that of a language model, and each one names the two commands."""
    answer = guide.answer(question)
    assert answer.startswith(WHAT_I_AM)
    assert answer.endswith(GET_A_MODEL)
    assert "not a language model" in WHAT_I_AM
    assert "`ollama serve`" in GET_A_MODEL
    assert "`ollama pull llama3.2`" in GET_A_MODEL


def test_without_documents_the_guide_says_so(tmp_path: Path) -> None:
    """A guide whose files are missing, or empty, still answers."""
    (tmp_path / "empty.md").touch()
    for documents in ([], [tmp_path / "missing.md"], [tmp_path / "empty.md"]):
        assert "not installed here" in Guide(documents).answer("How do I install it?")


def test_documents_are_read_at_the_first_question(tmp_path: Path) -> None:
    """Making a guide reads nothing, and the files are read once only."""
    guide = Guide([tmp_path / "a.md"])
    (tmp_path / "a.md").write_text("# Zebra\n\nIt has stripes.")
    assert "It has stripes." in guide.answer("zebra")
    (tmp_path / "a.md").unlink()
    assert "It has stripes." in guide.answer("zebra")


def test_ranking_a_hundred_kilobytes_is_fast(tmp_path: Path) -> None:
    """A question to 100 kB of documentation takes some milliseconds, once they are indexed."""
    sections = (f"## Part {n}\n\n{CONFIGURATION.replace('#', '')}\n" for n in range(220))
    (tmp_path / "large.md").write_text("# Large\n\n" + "\n".join(sections))
    assert (tmp_path / "large.md").stat().st_size > 100_000
    guide = Guide([tmp_path / "large.md"])
    guide.load()
    within(0.01, lambda: guide.answer("How long does the cache keep an answer of part 99?"))


GUIDE = Guide([])
GUIDE.load()


@given(st.text(max_size=5_000))
def test_any_question_has_an_answer(question: str) -> None:
    """No question, of any length and script, makes the guide fail."""
    assert GUIDE.answer(question).startswith(WHAT_I_AM)


def test_a_section_that_asks_the_question_itself_is_quoted_from_its_beginning(
    tmp_path: Path,
) -> None:
    """A question that is a heading gets what stands first below it, not a row that repeats it."""
    page = tmp_path / "page.md"
    page.write_text(
        "# Writing a plugin\n\nIt is a class.\n\n## Hooks\n\n"
        "| hook | for |\n|---|---|\n| a | to write a plugin that writes a plugin |\n"
    )
    answer = Guide([page]).answer("How do I write a plugin?")
    assert "It is a class." in answer
    assert answer.index("It is a class.") < answer.find("| a |") or "| a |" not in answer

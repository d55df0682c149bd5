"""Control characters are shown instead of obeyed."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.findings import Findings
from plugins.guardrails.injection.terminal import Terminal

controlled = st.text("a\r\n\t\x1b\x07\x08\x9b\x00[", max_size=20)


def escaped(*pieces: str) -> str:
    """Return what is given of a text in pieces."""
    terminal = Terminal(Findings("links"))
    return "".join([*map(terminal.push, pieces), terminal.flush()])


def test_what_terminals_obey_is_shown() -> None:
    """Colours, links, bells, backspaces and overwriting become signs that can be read."""
    assert escaped("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m"
    assert escaped("\x1b]8;;https://evil.org\x07a") == "\\x1b]8;;https://evil.org\\x07a"
    assert escaped("good\rbad \b\x9b2J") == "good\\x0dbad \\x08\\x9b2J"


def test_line_ends_and_tabs_stay() -> None:
    """Line feeds, carriage returns before them, and tabs are text."""
    text = "a\tb\r\nc\n"
    assert escaped(text) == text
    assert escaped("a\r", "\nb") == "a\r\nb"


@given(controlled, st.data())
def test_any_pieces_are_the_whole(text: str, data: st.DataObject) -> None:
    """However a text is cut, the same is given, and no control is left."""
    at = data.draw(st.integers(0, len(text)))
    whole = escaped(text)
    assert escaped(text[:at], text[at:]) == escaped(*text) == whole
    assert not set(whole.replace("\r\n", "")) & set("\r\x1b\x07\x08\x9b\x00")


@given(controlled)
def test_what_was_found_is_told(text: str) -> None:
    """Whether anything was changed is known as soon as it is given."""
    terminal = Terminal(Findings("links"))
    given_ = terminal.push(text) + terminal.flush()
    assert terminal.is_changed == (given_ != text)

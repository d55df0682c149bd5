"""A cursor stops where more text can change the outcome."""

from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.cursor import LONG, Cursor, Found
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule


def _cursor(*rules: Rule) -> Cursor:
    return Cursor(Matcher(rules).machine)


def _text(cursor: Cursor, found: Found | None) -> tuple[str, str]:
    assert found
    return found.rule.name, cursor.text[found.start : found.end]


def test_a_match_is_found_when_it_is_certain() -> None:
    """A match that can still grow, or that the next character can undo, waits."""
    cursor = _cursor(Rule(name="X", pattern="ab{1,2}"), Rule(name="Y", pattern="c", not_before="d"))
    cursor.add("ab")
    assert cursor.next(False) is None
    cursor.add("b")
    assert _text(cursor, cursor.next(False)) == ("X", "abb")
    cursor.add("c")
    assert cursor.next(False) is None
    assert cursor.start == len(cursor.text) - 1
    cursor.add("d")
    assert cursor.next(False) is None
    assert cursor.start == len(cursor.text)
    cursor.add("c")
    assert cursor.next(False) is None
    assert _text(cursor, cursor.next(True)) == ("Y", "c")


def test_a_boundary_is_no_context() -> None:
    """What stands beyond a boundary is neither before nor after a match."""
    cursor = _cursor(Rule(name="X", pattern="a", not_after="b", not_before="b"))
    cursor.add(f"bab{BOUNDARY}")
    assert cursor.next(False) is None
    cursor.add(f"a{BOUNDARY}b")
    assert _text(cursor, cursor.next(False)) == ("X", "a")


def test_a_refused_match_leaves_shorter_ones_and_other_rules() -> None:
    """Where a validator says no, the next rule and then the next shorter match are tried."""
    refused: list[str] = []

    def never(text: str) -> bool:
        refused.append(text)
        return False

    cursor = _cursor(
        Rule(name="X", pattern="ab{0,2}", is_valid=never), Rule(name="Y", pattern="ab?")
    )
    cursor.add("abb-")
    assert _text(cursor, cursor.next(False)) == ("Y", "ab")
    assert refused == ["abb", "ab"]


def test_a_piece_in_which_nothing_can_start_passes() -> None:
    """What is decided at once is taken as it is; a piece after held text is not."""
    cursor = _cursor(Rule(name="X", pattern="ab", not_after="x"))
    assert cursor.passes("hello")
    assert cursor.passes("x")
    assert cursor.passes("ab")
    assert not cursor.passes("-a")
    cursor.add("-a")
    assert cursor.next(False) is None
    assert not cursor.passes("hello")


def test_only_the_last_character_is_kept() -> None:
    """What is decided is forgotten, but for the character that the next one stands after."""
    cursor = _cursor(Rule(name="X", pattern="ab"))
    for _ in range(100):
        cursor.add("hello a")
        assert cursor.next(False) is None
        assert len(cursor.text) <= len("ahello a") + 1


def test_a_long_piece_is_swept_for_other_rules_too() -> None:
    """In a long text matches are found as in a short one, also after rules have changed."""
    one, other = Matcher([Rule(name="X", pattern="ab")]), Matcher([Rule(name="Y", pattern="cd")])
    cursor = Cursor(one.machine)
    cursor.add("cd" + "-" * LONG + "ab" + "-ab-cd-ab")
    assert _text(cursor, cursor.next(False)) == ("X", "ab")
    cursor.use(other.machine)
    assert _text(cursor, cursor.next(False)) == ("Y", "cd")
    cursor.use(one.machine)
    assert _text(cursor, cursor.next(False)) == ("X", "ab")
    assert cursor.next(True) is None

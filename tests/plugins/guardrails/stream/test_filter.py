"""A filter gives what a plain search over the whole text gives, no sooner and no later."""

import asyncio
from contextlib import ExitStack, nullcontext
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plugins.guardrails.stream import cursor, sweep
from plugins.guardrails.stream import filter as filtering
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.filter import Blocked, Filter, scan
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from tests.pace import within
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Known, cut

cuts = st.lists(st.integers(0, 100), max_size=30)


def _filtered(matcher: Matcher, pieces: list[str]) -> list[str] | None:
    """Return what a filter gives for each piece and at the end; `None` if it blocks."""
    filter = Filter(matcher, oracle.act)
    try:
        return [*(filter.push(piece) for piece in pieces), filter.flush()]
    except Blocked:
        return None


def _agrees(
    known: list[Known], texts: list[str], places: list[int], *, is_prepared: bool = False
) -> None:
    expected = oracle.expected(known, texts, oracle.act)
    matcher = Matcher([each.rule for each in known])
    if is_prepared:
        matcher.machine.prepare()
    text = BOUNDARY.join(texts)
    for pieces in (cut(text, places), list(text), [text]):
        given = _filtered(matcher, pieces)
        if expected.is_blocked:
            assert given is None
        else:
            assert given is not None
            assert "".join(given) == BOUNDARY.join(expected.texts)


several = st.lists(oracle.words, min_size=1, max_size=3)


@given(oracle.rules, several, cuts)
@settings(max_examples=1000, deadline=None)
def test_any_chunking_gives_what_the_whole_text_gives(
    known: list[Known], texts: list[str], places: list[int]
) -> None:
    """For random rules and texts, each way to cut them gives what the plain search gives."""
    _agrees(known, texts, places)


@given(oracle.rules, several, cuts, st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_long_pieces_give_the_same(
    known: list[Known], texts: list[str], places: list[int], window: int
) -> None:
    """With a prefilter, as in long pieces, nothing changes."""
    with _swept(window):
        _agrees(known, texts, places, is_prepared=True)


@given(oracle.rules, oracle.words, st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_pauses_change_nothing(known: list[Known], text: str, window: int) -> None:
    """A whole text in the smallest steps gives what the plain search gives."""
    matcher = Matcher([each.rule for each in known])
    expected = oracle.expected(known, [text], oracle.act)
    for is_prepared in (False, True):
        if is_prepared:
            matcher.machine.prepare()
        with _swept(window), patch.object(filtering, "STEP", -1.0):
            steps = Filter(matcher, oracle.act).whole(text)
            try:
                given = "".join(
                    piece if put is None else put for step in steps for piece, put in step
                )
            except Blocked:
                assert expected.is_blocked
            else:
                assert [given] == expected.texts


def _swept(window: int) -> ExitStack:
    """Have texts swept however short they are, in windows of so many characters."""
    stack = ExitStack()
    for module in (cursor, filtering):
        stack.enter_context(patch.object(module, "LONG", 1))
    stack.enter_context(patch.object(sweep, "WINDOW", window))
    return stack


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("is_prepared", [False, True])
@given(oracle.rules, several, cuts, st.integers(1, 9))
@settings(max_examples=20_000, deadline=None)
def test_any_chunking_gives_what_the_whole_text_gives_at_length(
    is_prepared: bool, known: list[Known], texts: list[str], places: list[int], window: int
) -> None:
    """The same for many more, without a prefilter and with one."""
    with _swept(window) if is_prepared else nullcontext():
        _agrees(known, texts, places, is_prepared=is_prepared)


def test_no_match_begins_with_a_boundary() -> None:
    """A run that may be empty begins after a boundary, also where a sweep stops at it."""
    matcher = Matcher([Rule(name="X", pattern="a{0,2}b")])
    matcher.machine.prepare()
    with _swept(1):
        assert _filtered(matcher, [f"{BOUNDARY}b"]) == [BOUNDARY + "<X:b>", ""]


@given(oracle.rules, oracle.words, st.lists(oracle.words, min_size=1, max_size=4))
@settings(max_examples=120, deadline=None)
def test_what_is_given_stands_whatever_follows(
    known: list[Known], text: str, continuations: list[str]
) -> None:
    """What a filter has given is how the outcome begins for each continuation of the text."""
    filter = Filter(Matcher([each.rule for each in known]), oracle.act)
    try:
        given = filter.push(text)
    except Blocked:
        return
    for more in ["", *continuations]:
        expected = oracle.expected(known, [text + more], oracle.act)
        assert expected.is_blocked or expected.texts[0].startswith(given)


TOYS = [
    [Rule(name="X", pattern="ab?b{0,2}c?")],
    [Rule(name="X", pattern="aab"), Rule(name="Y", pattern="ab{1,2}", not_before="a")],
    [Rule(name="X", pattern="(?:ab){1,2}", not_after="b"), Rule(name="Y", pattern="c")],
    [Rule(name="X", pattern="a{2}", not_before="a"), Rule(name="Y", pattern="b[ac]{1,2}b")],
]


@pytest.mark.parametrize("rules", TOYS)
def test_no_more_is_held_than_any_filter_must_hold(rules: list[Rule]) -> None:
    """In every state of toy rules, a held character is one that a continuation could remove."""
    matcher = Matcher(rules)
    act = lambda rule, match: "#"  # noqa: E731
    endings = ["".join(each) for size in range(3) for each in product("abc", repeat=size)]
    for size in range(1, 6):
        for letters in product("abc", repeat=size):
            text = "".join(letters)
            filter = Filter(matcher, act)
            given = filter.push(text)
            outcomes = []
            for ending in endings:
                whole = Filter(matcher, act)
                outcomes.append(whole.push(text + ending) + whole.flush())
            common = outcomes[0]
            for outcome in outcomes:
                assert outcome.startswith(given)
                while not outcome.startswith(common):
                    common = common[:-1]
            # Only a label may come late: it is certain before it is known how long its match is.
            assert common[len(given) :].strip("#") == ""


class Pieces(RuleBasedStateMachine):
    """Texts that are pushed and flushed in any order give what each gives alone."""

    KNOWN = (
        Rule(name="R0", pattern="a{1,3}b", not_after="1"),
        Rule(name="R1", pattern="1-1", until="b ", most=20),
    )

    def __init__(self) -> None:
        super().__init__()
        self.matcher = Matcher(self.KNOWN)
        self.filter = Filter(self.matcher, oracle.act)
        self.text = self.given = ""

    @rule(text=st.text(oracle.LETTERS, max_size=5))
    def push(self, text: str) -> None:
        """Go on with the text."""
        try:
            self.given += self.filter.push(text)
        except Blocked:
            self.filter = Filter(self.matcher, oracle.act)
            self.text = self.given = ""
            return
        self.text += text

    @rule()
    def flush(self) -> None:
        """End the text and begin another one."""
        try:
            self.given += self.filter.flush()
        except Blocked:
            self.filter = Filter(self.matcher, oracle.act)
        else:
            whole = Filter(self.matcher, oracle.act)
            assert self.given == whole.push(self.text) + whole.flush()
        self.text = self.given = ""

    @invariant()
    def holds_little(self) -> None:
        """What is held is bounded by the longest match and one character."""
        assert self.filter.held <= 5


TestPieces = Pieces.TestCase
TestPieces.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)

SECRETS = [
    Rule(name="jwt", pattern=r"eyJ[\w-]{8,400}\.eyJ[\w-]{8,600}\.[\w-]{16,400}"),
    Rule(name="card", pattern=r"\d(?:[ -]?\d){12,18}", not_after="0-9", not_before="0-9"),
    Rule(
        name="email",
        pattern=r"[\w.%+-]{1,64}@(?:[A-Za-z\d-]{1,63}\.){1,4}[A-Za-z]{2,24}",
        not_after=r"\w.%+\-",
    ),
    Rule(name="image", pattern=r"!\[[^\]\n]{0,200}\]\([^)\s]{1,500}\)"),
    Rule(name="key", pattern=r"sk-(?:proj-)?[\w-]{20,160}", not_after=r"\w"),
]


@pytest.mark.parametrize("part", ["a", "eyJ", "ey", "1234567890", "![", "sk-", "a@b.", "4 ", "🦙"])
def test_hostile_texts_cost_little(part: str) -> None:
    """100 kB of what a rule begins with again and again takes 100 µs for each four characters."""
    text = (part * 100_000)[:100_000]
    filter = Filter(Matcher(SECRETS), lambda rule, match: "")

    def push_in_pieces() -> None:
        for at in range(0, 20_000, 4):
            filter.push(text[at : at + 4])
        filter.flush()

    def push_at_once() -> None:
        filter.push(text)
        filter.flush()

    within(5000 * 100e-6, push_in_pieces)
    within(1.0, push_at_once)


def test_an_until_without_an_end_blocks() -> None:
    """What is taken after a match is bounded: beyond `most` characters the text is blocked."""
    filter = Filter(
        Matcher([Rule(name="pem", pattern="BEGIN", until="END", most=10)]), lambda rule, match: "#"
    )
    assert filter.push("a BEGIN 1234END b") == "a # b"
    assert filter.push("BEGIN" + "x" * 10) == "#"
    with pytest.raises(Blocked, match="pem"):
        filter.push("x")


def test_boundaries_that_add_up_block() -> None:
    """A match may span boundaries, but not so many that more is held than is allowed."""
    filter = Filter(Matcher([Rule(name="X", pattern="ab")], max_hold=10), lambda rule, match: "#")
    assert filter.push("a" + BOUNDARY * 19) == ""
    with pytest.raises(Blocked, match="max_hold"):
        filter.push(BOUNDARY)


def test_an_act_sees_no_boundaries() -> None:
    """Validators and acts get the match as one text; the boundaries stay where they were."""
    seen: list[str] = []

    def act(rule: Rule, match: str) -> str:
        seen.append(match)
        return "#"

    def is_valid(text: str) -> bool:
        seen.append(text)
        return True

    filter = Filter(Matcher([Rule(name="X", pattern="a[bc]{2}", is_valid=is_valid)]), act)
    assert filter.push(f"-a{BOUNDARY}b{BOUNDARY}c-") + filter.flush() == f"-#{BOUNDARY * 2}-"
    assert seen == ["abc", "abc"]


async def test_scan_gives_way() -> None:
    """A whole long text gives what a filter gives, and other tasks get their turns meanwhile."""
    matcher = Matcher([Rule(name="X", pattern="a{3}b")])
    text = ("x" * 50 + "aaab") * 2000
    await matcher.prepare()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    assert await scan(matcher, text, lambda rule, match: "#") == ("x" * 50 + "#") * 2000
    assert turns > 2
    task.cancel()


async def test_scan_takes_nul_for_a_character() -> None:
    """U+0000 in a whole text is no boundary: it becomes U+FFFD."""
    matcher = Matcher([Rule(name="X", pattern="ab")])
    assert await scan(matcher, "a\0b ab", lambda rule, match: "#") == "a\ufffdb #"

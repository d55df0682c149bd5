"""The router's log."""

import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import logs
from core.config import Log
from core.errors import SettingsError
from core.logs import configure
from core.units import Secret

FORMATS = ("json", "console")


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_is_one_line_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Each event is an object with its level and time; standard output stays clean."""
    configure(Log(format="json"))
    structlog.get_logger("x").info("an\nevent", number=1, odd=object)
    out, err = capsys.readouterr()
    (event,) = _lines(err)
    assert out == ""
    assert (event["event"], event["level"], event["number"]) == ("an\nevent", "info", 1)
    assert event["timestamp"].endswith("Z")


def test_auto_is_json_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, `auto` writes JSON; `console` writes plain text all the same."""
    configure(Log(format="auto"))
    structlog.get_logger("x").info("event")
    assert _lines(capsys.readouterr().err)[0]["event"] == "event"
    configure(Log(format="console"))
    structlog.get_logger("x").info("event")
    assert not capsys.readouterr().err.startswith("{")


@pytest.mark.parametrize("format", FORMATS)
def test_lower_levels_are_left_out(format: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the level of the file and those above it are written."""
    configure(Log(format=format, level="warning"))
    logger = structlog.get_logger("x")
    logger.info("quiet")
    logger.warning("loud")
    assert "quiet" not in (err := capsys.readouterr().err)
    assert "loud" in err


@pytest.mark.parametrize("format", FORMATS)
def test_secrets_and_local_variables_are_never_written(
    format: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret that is logged is masked, and a traceback shows no values."""
    configure(Log(format=format))
    prompt = "my diary".replace("my", "your")
    try:
        _ = 1 / len(prompt[99:])
    except ZeroDivisionError:
        structlog.get_logger("x").exception("failed", key=Secret("hush"), keys=[Secret("hush")])
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "***" in err
    assert "hush" not in err
    assert "your diary" not in err


def test_what_libraries_log_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's warning is a line like any other, of any level, with its traceback."""
    configure(Log(format="json"))
    library = logging.getLogger("some.library")
    library.info("quiet")
    library.warning("for %s", "you")
    library.log(35, "of an odd level")
    try:
        raise KeyError("k")
    except KeyError:
        library.exception("failed")
    first, odd, last = _lines(capsys.readouterr().err)
    assert (first["event"], first["level"]) == ("for you", "warning")
    assert (odd["event"], odd["level"]) == ("of an odd level", "warning")
    assert last["exception"].splitlines()[-1] == "KeyError"


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_text_of_an_exception_is_written_only_if_it_is_ours(
    form: Literal["json", "console"], capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that quotes a prompt is written by its name; one of ours, with its text."""
    configure(Log(format=form))
    prompt = "-".join(("a", "prompt", "of", "somebody"))
    try:
        try:
            int(prompt)
        except ValueError as error:
            raise SettingsError("a setting is wrong") from error
    except SettingsError:
        structlog.get_logger("any").exception("failed")
    written = capsys.readouterr().err
    assert prompt not in written
    assert "ValueError" in written
    assert "SettingsError: a setting is wrong" in written


def test_a_library_is_not_failed_by_its_own_record(capsys: pytest.CaptureFixture[str]) -> None:
    """A record whose arguments do not fit is written as it is, without them."""
    configure(Log(format="json"))
    logging.getLogger("x").warning("%d things", "hush")
    assert _lines(capsys.readouterr().err)[0]["event"] == "%d things"


@pytest.mark.parametrize("format", FORMATS)
def test_of_a_key_only_its_public_part_is_written(
    format: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key in any text of an event is cut after its kid; a kid alone stays as it is."""
    configure(Log(format=format))
    kid, secret = "abcDEF0123", "s-cr_t" * 7
    path = f"/v1/lai_{kid}_{secret}_0aBc9Z/x"
    structlog.get_logger("x").info(f"lai_{kid}", path=path)
    try:
        raise SettingsError(f"lai_{kid}_{secret}")
    except SettingsError:
        structlog.get_logger("x").exception("failed")
    err = capsys.readouterr().err
    assert "s-cr_t" not in err
    assert err.count(f"lai_{kid}") == 3
    assert f"/v1/lai_{kid}_***/x" in err


@given(
    st.text(st.sampled_from('\\"\n\0é.{'), max_size=4),
    st.text(st.sampled_from('\\"\n{'), min_size=1),
)
def test_json_stays_json_whatever_stands_around_a_key(before: str, after: str) -> None:
    """A key or token is cut out of any depth of a line, and the rest of it is read as it was."""
    kid, secret = "abcDEF0123", "s-cr_t" * 7
    texts = [f"{before}lai_{kid}_{secret}{after}", f"{before}eyJhbGciOi.{secret}{after}"]
    event: Any = {"event": "x", "guards": texts, "by": {texts[0]: 1}}
    line = logs._json(None, "info", event)
    assert secret.encode() not in line
    read = json.loads(line)
    assert read["guards"] == [f"{before}lai_{kid}_***{after}", f"{before}eyJ***{after}"]
    assert read["by"] == {read["guards"][0]: 1}

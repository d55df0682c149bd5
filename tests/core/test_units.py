"""Durations, sizes and secrets."""

import traceback
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import BYTES, SECONDS, Duration, Secret, Size, decoder

HUSH = "hush-hush-1234567"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("90s", 90), ("1h30m", 5400), ("2d", 172_800), ("1.5s", 1.5), (5, 5), (0, 0)],
)
def test_durations_are_written_as_people_write_them(text: object, seconds: float) -> None:
    """A duration is text with units, or a number of seconds."""
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "number"),
    [("20MB", 20_000_000), ("1GiB", 2**30), ("1.5 kB", 1500), ("0B", 0), (7, 7), ("1KiB", 1024)],
)
def test_sizes_are_written_as_people_write_them(text: object, number: int) -> None:
    """A size is text with a unit, or a number of bytes."""
    assert Size.parse(text) == number


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "5",
        "s",
        "-1s",
        "1 h",
        "1x",
        "1h 30m",
        -1,
        True,
        None,
        [],
        float("nan"),
        float("inf"),
        "9" * 400 + "d",
        1e12,
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(wrong: object) -> None:
    """Anything else is a `ValueError` that shows how to write a duration."""
    with pytest.raises(ValueError, match="90s"):
        Duration.parse(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "5", "MB", "-1MB", "1mb", "1,5MB", -1, True, None, 1.5, "9" * 400 + "GB", 2**63]
)
def test_what_is_no_size_is_refused_with_an_example(wrong: object) -> None:
    """Anything else is a `ValueError` that shows how to write a size."""
    with pytest.raises(ValueError, match="10MB"):
        Size.parse(wrong)


@given(st.integers(0, 10**6), st.sampled_from(sorted(SECONDS)))
def test_a_duration_round_trips(number: int, unit: str) -> None:
    """A number with a unit is that many of the unit's seconds, as text and as a number."""
    duration = Duration.parse(f"{number}{unit}")
    assert duration == pytest.approx(number * SECONDS[unit])
    assert Duration.parse(float(duration)) == duration


@given(st.integers(0, 10**6), st.sampled_from(sorted(BYTES)))
def test_a_size_round_trips(number: int, unit: str) -> None:
    """A number with a unit is exactly that many of the unit's bytes."""
    size = Size.parse(f"{number}{unit}")
    assert size == number * BYTES[unit]
    assert Size.parse(int(size)) == size


@given(st.text() | st.integers() | st.floats() | st.none())
def test_any_value_is_a_duration_or_a_value_error(value: object) -> None:
    """No value makes a parser fail otherwise than by `ValueError`."""
    for kind in (Duration, Size):
        with suppress(ValueError):
            assert 0 <= kind.parse(value) < 1e19


def test_a_secret_is_never_shown() -> None:
    """No way of printing a secret, or a Struct that has one, shows its text."""

    class Config(msgspec.Struct):
        key: Secret

    secret = Secret(HUSH)
    config = Config(key=secret)
    try:
        raise ValueError(secret, config)
    except ValueError as error:
        trace = "".join(traceback.format_exception(error))
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!s}", f"{config}"]
    shown += ["%s" % secret, "%r" % (secret,), repr([secret]), repr(config), trace]  # noqa: UP031
    shown += ["{}".format(secret), msgspec.json.encode(config, enc_hook=str).decode()]  # noqa: UP032
    assert all(HUSH not in each and "***" in each for each in shown)
    assert secret.reveal() == HUSH
    assert type(secret.reveal()) is str


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    """`file:` reads a file, relative to the settings' folder or absolute, and strips it."""
    (tmp_path / "key").write_text(f"{HUSH}\n")
    assert Secret.parse("file:key", tmp_path).reveal() == HUSH
    assert Secret.parse(f"file:{tmp_path}/key", Path("/elsewhere")).reveal() == HUSH


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_that_can_not_be_read_says_why(content: bytes | None, tmp_path: Path) -> None:
    """A missing file, and one that is not UTF-8, are errors with an expectation."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ValueError, match=r"Expected a (readable file|file in UTF-8)"):
        Secret.parse("file:key", tmp_path)


def test_relative_paths_start_at_the_folder(tmp_path: Path) -> None:
    """The decoder makes paths relative to the settings' folder, and leaves absolute ones."""
    decode = decoder(tmp_path)
    assert decode(Path, "data/x.db") == tmp_path / "data" / "x.db"
    assert decode(Path, "/data/x.db") == Path("/data/x.db")
    with pytest.raises(ValueError, match="Expected a path"):
        decode(Path, 5)

"""Tests for plugins/routing/estimate/roofline.py."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.profiles import RYZEN_AI_MAX_395, generic
from plugins.routing.estimate.roofline import (
    active_bytes,
    cache_bytes,
    depth_slope,
    parameters,
    prefill,
    step,
)
from tests.plugins.routing.estimate.reference import DENSE, LLAMA_8B, LLAMA_70B, MIXTURES, Row

PAGE = (Path(__file__).parents[4] / "docs" / "strix-halo.md").read_text(encoding="utf-8")
SIZES = st.integers(0, 10**12)


def off(row: Row) -> float:
    """Return by how much a row's time per token is missed, as a share of the measured one."""
    return step(row.facts, RYZEN_AI_MAX_395) * row.tokens_per_second - 1


@pytest.mark.parametrize("row", DENSE, ids=lambda row: row.name)
def test_dense_models(row: Row) -> None:
    """A dense model's time per token is at most 7 % off what was measured."""
    assert abs(off(row)) < 0.07


@pytest.mark.parametrize("row", MIXTURES, ids=lambda row: row.name)
def test_mixtures_of_experts(row: Row) -> None:
    """A mixture's time per token is at most 25 % off what was measured."""
    assert abs(off(row)) < 0.25


@pytest.mark.parametrize("row", [*DENSE, *MIXTURES], ids=lambda row: row.name)
def test_the_page_says_so(row: Row) -> None:
    """The table of the documentation has what is computed here."""
    seconds = step(row.facts, RYZEN_AI_MAX_395)
    estimated = f"| {row.tokens_per_second:g} | {1 / seconds:.1f} | {100 * off(row):+.1f} % |"
    line = next(
        line for line in PAGE.splitlines() if line.startswith(f"| {row.name} | {row.source}")
    )
    assert line.endswith(estimated)


@pytest.mark.parametrize("row", MIXTURES, ids=lambda row: row.name)
def test_active_bytes_of_mixtures(row: Row) -> None:
    """A mixture reads its active share of the file, but with MXFP4 experts all else whole."""
    share = active_bytes(row.facts) / (row.active * 1e9)
    assert share > 1.3 if row.quantisation == "MXFP4" else share == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    ("name", "size", "quantisation", "measured", "most"),
    [
        ("Llama-3.2-1B", 0.800, "Q4_K_M", 195.65, 0.02),
        ("Qwen2.5-3B", 1.93, "Q4_K_M", 87.11, 0.14),
        ("llama3.2:3b by Ollama", 2.02, "Q4_K_M", 88.14, 0.08),
        ("Qwen2.5-7B", 4.68, "Q4_K_M", 45.61, 0.03),
        ("Qwen3-8B", 5.03, "Q4_K_M", 41.48, 0.01),
        ("llama3.1:70b by Ollama", 42.51, "Q4_K_M", 4.97, 0.05),
        ("phi4-14B", 6.736, "IQ3_M", 24.15, 0.02),
    ],
)
def test_models_that_were_not_fitted(
    name: str, size: float, quantisation: str, measured: float, most: float
) -> None:
    """Models that took no part in the fit are as near as the fit promises, i-quants too."""
    facts = Facts(name=name, size=round(size * 1e9), quantisation=quantisation)
    assert abs(1 / step(facts, RYZEN_AI_MAX_395) / measured - 1) < most


@pytest.mark.parametrize(
    ("facts", "microseconds"),
    [
        (LLAMA_8B, 1.40),
        (LLAMA_70B, 3.29),
        (LLAMA_8B.replace(kv_bytes=98_304), 0.92),
    ],
)
def test_depth(facts: Facts, microseconds: float) -> None:
    """A token of context adds what was measured, within 8 %."""
    assert depth_slope(facts, RYZEN_AI_MAX_395) == pytest.approx(microseconds * 1e-6, rel=0.08)


def test_prompts() -> None:
    """A prompt is read as fast as the median machine multiplied."""
    assert prefill(LLAMA_8B, RYZEN_AI_MAX_395) == pytest.approx(18.6e12 / 16e9)
    mixture = LLAMA_8B.replace(parameters=30_500_000_000, active_parameters=3_300_000_000)
    assert prefill(mixture, RYZEN_AI_MAX_395) == pytest.approx(7.1e12 / 6.6e9)


def test_what_a_catalogue_does_not_know() -> None:
    """Parameters and caches that nobody tells are guessed from the file, on the large side."""
    facts = LLAMA_8B.replace(parameters=0, kv_bytes=0)
    assert parameters(facts) == pytest.approx(8e9, rel=0.05)
    assert 131_072 < cache_bytes(facts) < 1.1 * 131_072


@given(size=SIZES, more=st.integers(1_000, 10**11), share=st.floats(0.01, 1))
def test_more_bytes_take_longer(size: int, more: int, share: float) -> None:
    """The larger of two files of one kind is the slower one, in all that it does."""
    for profile in (RYZEN_AI_MAX_395, generic()):
        first, second = (
            Facts(
                name="any",
                size=each,
                parameters=2 * each,
                active_parameters=round(2 * each * share),
            )
            for each in (size, size + more)
        )
        if first.is_mixture == second.is_mixture:
            assert step(first, profile) <= step(second, profile)
            assert prefill(first, profile) >= prefill(second, profile)


@given(
    size=SIZES,
    total=SIZES,
    active=SIZES,
    kv=SIZES,
    quantisation=st.sampled_from(["", "MXFP4", "IQ3_M", "Q4_K_M", "nonsense"]),
)
def test_any_facts(size: int, total: int, active: int, kv: int, quantisation: str) -> None:
    """Whatever a catalogue says, speeds are positive and finite."""
    facts = Facts(
        name="any",
        size=size,
        parameters=total,
        active_parameters=active,
        kv_bytes=kv,
        quantisation=quantisation,
        family="nemotron_h_moe",
    )
    for profile in (RYZEN_AI_MAX_395, generic()):
        assert 0 < step(facts, profile) < 1e6
        assert 0 < prefill(facts, profile) < float("inf")
        assert 0 <= depth_slope(facts, profile) < 1e6

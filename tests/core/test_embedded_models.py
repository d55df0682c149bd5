"""The two built-in models and what is loaded of them."""

from datetime import UTC, datetime

import pytest

from core.embedded_models import EMBED, GUIDE, Loaded, find
from core.hashing import DIMENSIONS


@pytest.mark.parametrize(
    "name",
    [
        "localai-guide",
        "localai-guide:latest",
        "LocalAI-Guide:LATEST",
        "library/localai-guide",
        "registry.ollama.ai/library/localai-guide:latest",
    ],
)
def test_a_model_is_found_by_any_spelling_of_its_name(name: str) -> None:
    """Tag, case and the default registry make no difference, as with Ollama."""
    assert find(name) is GUIDE


@pytest.mark.parametrize("name", ["", "localai", "localai-guide:7b", "other/localai-guide", "x\n"])
def test_another_name_is_not_found(name: str) -> None:
    """A name that is not one of ours is no model."""
    assert find(name) is None


def test_the_models_have_digests_of_their_own() -> None:
    """Clients that merge models of equal digest keep ours apart."""
    digests = {model.listed(0)["digest"] for model in (GUIDE, EMBED)}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)


def test_the_description_tells_the_length_of_vectors() -> None:
    """Clients read the dimensions of the embedding model from its description."""
    about = EMBED.shown(0)["model_info"]
    assert about["localai.embedding_length"] == DIMENSIONS
    assert "localai.embedding_length" not in GUIDE.shown(0)["model_info"]


def test_the_model_that_stays_longest_is_listed_first() -> None:
    """Loaded models are listed by the time of their end; a negative time has none."""
    loaded = Loaded()
    assert list(loaded.running()) == []
    loaded.keep(EMBED, 60)
    loaded.keep(GUIDE, -1)
    guide, embed = loaded.running()
    assert (guide["name"], embed["name"]) == ("localai-guide:latest", "localai-embed:latest")
    assert datetime.fromisoformat(guide["expires_at"]).year > 2300
    left = datetime.fromisoformat(embed["expires_at"]) - datetime.now(UTC)
    assert 50 < left.total_seconds() <= 60
    loaded.keep(GUIDE, 0)
    assert [model["name"] for model in loaded.running()] == ["localai-embed:latest"]


def test_a_time_beyond_all_calendars_is_for_ever() -> None:
    """A huge number of seconds does not overflow."""
    loaded = Loaded()
    loaded.keep(GUIDE, 1e300)
    (guide,) = loaded.running()
    assert datetime.fromisoformat(guide["expires_at"]).year > 2300

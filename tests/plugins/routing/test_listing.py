"""Entries that stand for others."""

from plugins.routing.listing import ABOUT, standing_for


def test_it_is_described_as_its_model_under_another_name() -> None:
    """All but the name, the digest and what it stands for is the model's own."""
    model = {"name": "m:1", "model": "m:1", "digest": "d", "size": 7, "details": {"family": "x"}}
    made = standing_for("other", model, {"alias_of": "m:1"})
    assert made == {
        "name": "other",
        "model": "other",
        "digest": made["digest"],
        "size": 7,
        "details": {"family": "x"},
        ABOUT: {"alias_of": "m:1"},
    }
    assert len(made["digest"]) == 64
    assert model["name"] == "m:1"


def test_digests_differ_by_name_and_model() -> None:
    """Clients take the same digest for the same model."""
    digests = {
        standing_for(name, {"digest": digest}, {})["digest"] for name in "ab" for digest in "cd"
    }
    assert len(digests) == 4

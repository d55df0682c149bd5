"""What is known of a model."""

from plugins.routing.catalogue.model import Facts, Model


def test_a_mixture_reads_a_share_of_its_file() -> None:
    """For one token of a mixture the share of active weights is read, of others all."""
    mixture = Facts(name="m:latest", size=1000, parameters=10, active_parameters=1)
    assert (mixture.is_mixture, mixture.active_bytes) == (True, 100.0)
    for active in (0, 10):
        dense = mixture.replace(active_parameters=active)
        assert (dense.is_mixture, dense.active_bytes) == (False, 1000.0)
    assert Facts(name="m:latest", size=5).active_bytes == 5.0


def test_a_model_has_the_name_of_its_facts() -> None:
    """The name is the listed one, with its tag."""
    assert Model(facts=Facts(name="m:1b")).name == "m:1b"

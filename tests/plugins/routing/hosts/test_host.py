"""One Ollama, as routing sees it."""

from plugins.routing.hosts.host import Host


def test_a_host_is_open_while_it_is_up_and_does_not_drain() -> None:
    """Either of both keeps new requests away."""
    for is_up, drains in ((True, False), (True, True), (False, False), (False, True)):
        host = Host("http://box:11434", "1", is_up=is_up, is_draining=drains)
        assert host.is_open == (is_up and not drains)


def test_an_address_has_no_password() -> None:
    """Who administers sees the host and port only."""
    assert Host("https://me:canary@box:11434/ollama", "1").place == "box:11434"

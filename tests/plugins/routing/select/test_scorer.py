"""The judge of complexity that may be replaced."""

from plugins.routing.select.complexity import complexity
from plugins.routing.select.scorer import BUILT_IN
from tests.plugins.support import a_call


def test_the_built_in_one_looks_at_the_request() -> None:
    """Without another one, a request is judged by what it looks like."""
    call = a_call()
    assert BUILT_IN.score(call) == complexity(call)

"""How hard requests are: what may be replaced by a plugin of your own."""

from localai import Call
from plugins.routing.select.complexity import Complexity, complexity


class Scorer:
    """Judges how hard a request is. To replace it, put a plugin of your own that derives from it
    into the chain:

        from localai import Call
        from plugins.routing.select.scorer import Complexity, Scorer

        class MyScorer(Scorer):
            def score(self, call: Call) -> Complexity:
                is_hard = "contract" in call.messages[-1].content
                return Complexity(score=0.9 if is_hard else 0.2, features={"contract": 1.0})

    It is asked for each request whose model a policy chooses, and must be quick: it runs on the
    event loop. Where none is in the chain, the built-in one judges by what a request looks like.
    """

    def score(self, call: Call) -> Complexity:
        """Return the score, from 0 to 1, and what it comes from."""
        return complexity(call)


BUILT_IN = Scorer()

__all__ = ["BUILT_IN", "Complexity", "Scorer"]

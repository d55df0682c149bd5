"""Names for requests and answers that no other one has."""

import random


def new_id(prefix: str, bits: int = 128) -> str:
    """Return `prefix` and a random number in hex.

    Unique, not secret: a Mersenne twister seeded by the system takes a tenth of what `uuid4`
    takes, which asks the kernel for every id.
    """
    return f"{prefix}{random.getrandbits(bits):0{bits // 4}x}"

"""What a machine's memory, processor and sockets can do; fitted or cautious constants.

The figures of the Ryzen AI Max+ 395 are fits to public measurements: decode to 33 rows of
lhl/strix-halo-testing (2025) and kyuz0/amd-strix-halo-toolboxes (2026), loads to antirez/ds4,
concurrency and power to botAGI/strix-halo-multislot and hogeheer499-commits/strix-halo-guide.
`docs/strix-halo.md` has the tables.
"""

from localai import Value

RYZEN = "ryzen-ai-max-395"
GENERIC = "generic"
AUTO = "auto"


class Roofline(Value, frozen=True, kw_only=True):
    """How fast one kind of weights is read and computed with."""

    bandwidth: float
    """Bytes of weights read in a second, while one token is made."""
    overhead: float
    """Seconds for each token besides."""
    compute: float
    """Floating-point operations in a second, while a prompt is read."""


class Power(Value, frozen=True, kw_only=True):
    """What the chip draws, in watts, and what the wall socket adds."""

    wall_factor: float = 1.4
    """Wall watts for each watt of the chip: 133 W at the wall against 95 W, of two machines."""
    idle: float = 15.0
    """Headless 12 to 19 W (botAGI)."""
    load: float = 18.0
    """While a model is read from disk: 15 to 21 W."""
    prefill: float = 98.0
    """97 to 100 W, whatever the model (lhl)."""
    decode: float = 89.0
    """Median of 14 models between 62 and 119 W (lhl); each model learns its own."""


class Profile(Value, frozen=True, kw_only=True):
    """One kind of machine."""

    name: str
    dense: Roofline
    mixture: Roofline
    """For mixtures of experts: the constants refer to the bytes that `Facts.active_bytes` has."""
    mxfp4: Roofline
    """For mixtures whose experts are MXFP4: they refer to exact bytes, see `roofline.py`."""
    cache_bandwidth: float
    """Bytes of KV cache read in a second."""
    batching: float
    """Growth of a step with each further answer, as a share of a step alone."""
    load_rate: float
    """Bytes of a model's file that are loaded in a second."""
    power: Power = Power()


RYZEN_AI_MAX_395 = Profile(
    name=RYZEN,
    # 13 rows: 3.0 % off in the mean, 6.8 % at most.
    dense=Roofline(bandwidth=222.3e9, overhead=1.48e-3, compute=18.6e12),
    # 12 rows of 2026: 11.3 % off in the mean, 25.1 % at most.
    mixture=Roofline(bandwidth=173.6e9, overhead=2.39e-3, compute=7.1e12),
    # 4 rows, gpt-oss 20B and 120B in two files each: 9 % off at most.
    mxfp4=Roofline(bandwidth=222.3e9, overhead=0.5e-3, compute=7.1e12),
    # f16 caches of 131,072, 327,680 and 98,304 bytes per token add 1.40, 3.29 and 0.92 µs for
    # each token of depth: 94, 100 and 107 GB/s.
    cache_bandwidth=100e9,
    # b/(a+b) of the steps a+b·n ms that were measured: 0.17 to 0.44, of mixtures only.
    batching=0.27,
    load_rate=1.5e9,
)

GENERIC_BANDWIDTH = 50e9
"""Two channels of DDR5-5600 have 90 GB/s in theory; a processor reads a good half of it."""


def generic(bandwidth: float = GENERIC_BANDWIDTH) -> Profile:
    """Return a cautious profile of a machine whose memory has this bandwidth, in bytes a second.

    Its ratios are guesses on the slow side, which measured speeds soon replace: 20 operations for
    each byte (a processor of eight cores without matrix units), caches at half the bandwidth,
    and a SATA disk.
    """
    plain = Roofline(bandwidth=bandwidth, overhead=3e-3, compute=20 * bandwidth)
    return Profile(
        name=GENERIC,
        dense=plain,
        # As far below dense models as on the machine that was measured.
        mixture=plain.replace(bandwidth=0.78 * bandwidth, compute=10 * bandwidth),
        mxfp4=plain,
        cache_bandwidth=bandwidth / 2,
        batching=0.5,
        load_rate=0.5e9,
    )


def named(name: str, bandwidth: float = 0.0) -> Profile:
    """Return a profile by its name, `ryzen-ai-max-395` or `generic`; 0 takes its own bandwidth.

    Another bandwidth scales what a profile reads and computes in a second.
    """
    if name != RYZEN:
        return generic(bandwidth or GENERIC_BANDWIDTH)
    if not bandwidth:
        return RYZEN_AI_MAX_395
    scale = bandwidth / RYZEN_AI_MAX_395.dense.bandwidth
    return RYZEN_AI_MAX_395.replace(
        dense=_scaled(RYZEN_AI_MAX_395.dense, scale),
        mixture=_scaled(RYZEN_AI_MAX_395.mixture, scale),
        mxfp4=_scaled(RYZEN_AI_MAX_395.mxfp4, scale),
        cache_bandwidth=RYZEN_AI_MAX_395.cache_bandwidth * scale,
    )


def _scaled(line: Roofline, scale: float) -> Roofline:
    return line.replace(bandwidth=line.bandwidth * scale, compute=line.compute * scale)

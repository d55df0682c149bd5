"""Watts from the sensor of amdgpu, which counts wrongly on some kernels."""

MICRO = 10**6
MOST_FRACTION = 99_000
"""Microwatts above a whole watt that the wrong count can say."""


class PowerSensor:
    """Reads `power1_average`, whose fraction of a watt may be ten times too small.

    On APUs with SMU 14.0 the driver packs hundredths of a watt (smu_v14_0_0_ppt.c) and unpacks
    them as thousandths (amdgpu_pm.c): 9.87 W reads as 9087000 µW. Newer kernels count in
    milliwatts. A fraction above 0.099 W can come from a right count only; until one is seen, the
    fraction is taken as ten times too small, which errs by 0.9 W at most.
    """

    def __init__(self, is_integrated: bool = True) -> None:
        self._is_right = not is_integrated

    def watts(self, microwatts: int) -> float:
        """Return what a sample of the sensor means."""
        whole, fraction = divmod(microwatts, MICRO)
        if fraction > MOST_FRACTION:
            self._is_right = True
        if self._is_right:
            return microwatts / MICRO
        return whole + fraction * 10 / MICRO

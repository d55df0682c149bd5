"""How soon a request must be answered, as its caller says."""

from localai import Call, Duration, InvalidRequest

HEADER = "x-localai-max-latency"


def asked_latency(call: Call) -> float | None:
    """Return the seconds that the request's header allows; `None` where it says nothing.

    It may be a duration such as `1500ms` or `2s`, or a number of seconds. Raises `InvalidRequest`.
    """
    said = call.connection.headers.get(HEADER) if call.connection is not None else None
    if said is None:
        return None
    text = said.strip()
    try:
        seconds = float(Duration.parse(text if text[-1:].isalpha() else float(text)))
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise InvalidRequest(
            f"{HEADER} must be a time such as '2s', '1500ms' or a number of seconds", param=HEADER
        )
    return seconds

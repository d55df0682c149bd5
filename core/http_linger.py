"""Ending a connection so that its last answer can be read."""

import asyncio

MAX_UNSENT = 65_536
"""Bytes that wait for the end of a turn; more are handed on, so that the transport can say stop."""


class LingeringTransport(asyncio.Transport):
    """A TCP transport whose `close` is gentle while a request is still arriving.

    Closing a socket that has unread input resets the connection, and a reset throws away an
    answer that the client has not read yet: a client that writes its whole body first would
    never see the 413. So the sending side is closed, and what still arrives is discarded until
    the client closes too, `max_bytes` have come, or `timeout` seconds have passed.
    """

    def __init__(self, transport: asyncio.Transport, max_bytes: int, timeout: float) -> None:
        super().__init__()
        self.receiving = False
        """Whether more of a request is on its way, so that `close` must linger."""
        self.bytes_left = max_bytes
        """How much more is discarded before the connection ends."""
        self._transport = transport
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes | bytearray | memoryview] = []
        self._unsent_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at the end of this turn of the loop; nothing once the connection lingers.

        The head of an answer and its body are two messages, but should be one system call.
        """
        if self._timer is not None:
            return
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes > MAX_UNSENT:
            self._flush()

    def _flush(self) -> None:
        if self._unsent and not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()
        self._unsent_bytes = 0

    def is_closing(self) -> bool:
        """Say whether no further answer can be sent."""
        return self._timer is not None or self._transport.is_closing()

    def close(self) -> None:
        """End the connection, gently where that matters; a second call ends it at once."""
        self._flush()
        if self.receiving and self._timer is None:
            self.linger()
        else:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        self._transport.abort()

    def linger(self) -> None:
        """Close the sending side, and go on reading within the limits."""
        if self.is_closing():
            return
        self._flush()
        self._timer = asyncio.get_running_loop().call_later(self._timeout, self._transport.abort)
        if self._transport.can_write_eof():  # TLS can't; its client still gets the answer
            self._transport.write_eof()
        if not self._transport.is_reading():
            self._transport.resume_reading()

    def discard(self, size: int) -> None:
        """Count input that nobody will read; too much of it ends the connection."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            self._transport.abort()

    def connection_lost(self) -> None:
        """Drop the timer: the connection is gone."""
        self.receiving = False
        if self._timer is not None:
            self._timer.cancel()

"""Connections to a Redis that wait for nothing and do nothing twice."""

from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from localai import SettingsError


def connections_to(url: str, most: int, timeout: float) -> BlockingConnectionPool:
    """Return a pool of so many connections to the Redis at a URL, and one for looks.

    Raises `SettingsError`. What the URL's query says about times and numbers is not heeded.
    """
    try:
        parts = urlsplit(url)
        path = parts.path.strip("/")
        # redis-py takes a database that is no number for 0, and a socket without a path.
        if not path if parts.scheme == "unix" else not (path or "0").isdecimal():
            raise ValueError
        options: dict[str, Any] = {
            **parse_url(url),
            "max_connections": most + 1,
            "timeout": timeout,
            "socket_connect_timeout": timeout,
            "socket_timeout": None,  # the deadline of `Server` is better
            "health_check_interval": 0,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
            # With 3, the pool hands out connections that have an unread answer.
            "protocol": 2,
            "decode_responses": False,
        }
        pool = BlockingConnectionPool(**options)
        pool.make_connection()  # type: ignore[no-untyped-call]  # it looks at all options
    except (ValueError, TypeError, RedisError, OSError):
        raise SettingsError(
            "storage is no address of a Redis: write it as redis://HOST:6379/0,"
            " rediss://HOST:6379/0 or unix:///run/redis.sock"
        ) from None
    return pool

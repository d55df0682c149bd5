"""Connections to a Redis, by all kinds of URLs."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

from localai import SettingsError
from plugins.cache.connections import connections_to
from tests.plugins.cache.wires import forwarding
from tests.servers.redis import PASSWORD, Redis


async def answers(url: str) -> bool:
    """Say whether there is a Redis that can be trusted."""
    pool = connections_to(url, 1, 5.0)
    try:
        return await redis.asyncio.Redis(connection_pool=pool).ping()
    except ConnectionError:
        return False
    finally:
        await pool.disconnect()


async def test_it_is_reached_by_a_socket(redis: Redis, tmp_path: Path) -> None:
    """A URL may name a socket in the file system."""
    address = urlsplit(redis.url)
    path = tmp_path / "redis.sock"
    async with forwarding(address.port or 0, path=path):
        url = f"unix://:{PASSWORD}@{path}?db=0"
        assert await answers(url)


async def test_it_is_reached_by_tls(redis: Redis, tmp_path: Path) -> None:
    """A server with a certificate that is trusted is asked; another one is away."""
    context = _certified(tmp_path / "pem")
    async with forwarding(urlsplit(redis.url).port or 0, context=context) as port:
        url = f"rediss://:{PASSWORD}@127.0.0.1:{port}/0"
        assert await answers(f"{url}?ssl_ca_certs={tmp_path / 'pem'}")
        assert not await answers(url)


def _certified(path: Path) -> ssl.SSLContext:
    """Return a server's side of TLS, with a certificate of its own in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(encoding, form, plain) + certificate.public_bytes(encoding))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "http://box",
        "redis://box:port/0",
        "redis://[::1",
        "redis://box/first",
        "redis://box/-1",
        "redis://box/0?db=x",
        "redis://box/0?colour=red",
        "redis://box/0?protocol=9&colour=red",
        "unix://",
        "rediss://box/0?ssl_cert_reqs=maybe",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """The message shows how to write one, and not what was written, which may have a password."""
    with pytest.raises(SettingsError, match="redis://HOST:6379/0") as caught:
        connections_to(url, 1, 0.1)
    assert "box" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["redis://box", "redis://u:p@box:1/2", "rediss://box", "unix:///run/redis.sock?db=3"]
)
def test_what_a_url_says_about_times_is_not_heeded(url: str) -> None:
    """No query makes the pool wait longer or grow larger than the settings say."""
    query = "?" if "?" not in url else "&"
    query += "socket_timeout=99&socket_connect_timeout=99&timeout=99&max_connections=99"
    pool = connections_to(url + query, 7, 0.1)
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    assert connection.socket_timeout is None
    assert connection.socket_connect_timeout == 0.1
    assert pool.max_connections == 8

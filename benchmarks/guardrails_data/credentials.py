"""Keys, tokens and passwords in the forms that their issuers give them, none of them real."""

import base64
import json
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

from benchmarks.guardrails_data.checksums import crc_base62
from benchmarks.guardrails_data.sample import Value

_ALNUM = ascii_letters + digits
_URL_SAFE = f"{_ALNUM}-_"
_BASE64 = f"{_ALNUM}+/"
_HEX = digits + "abcdef"
_PASSWORD = f"{_ALNUM}-._~!*"
_PEMS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY")
_SCHEMES = ("postgres", "postgresql", "mysql", "mongodb", "mongodb+srv", "redis", "amqp")
_HOSTS = ("db.internal", "pg-7.prod.example.net", "10.1.4.9", "cache.acme.io", "localhost")


def token(random: Random) -> Value:
    """Return a key that an issuer gives to programs."""
    form = random.choice(list(_TOKENS))
    return Value("secrets", _TOKENS[form](random), form=form)


def pem(random: Random) -> Value:
    """Return a private key as a file has it; its lines of base64 must not be left over."""
    kind = random.choice(_PEMS)
    body = _text(random, _BASE64, random.randint(160, 1600)) + "=="
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    head, tail = f"-----BEGIN {kind}-----\n", f"\n-----END {kind}-----"
    inner = "\n".join(lines)
    text = f"{head}{inner}{tail}"
    return Value("secrets", text, (len(head), len(head) + len(inner)), f"PEM {kind}")


def connection(random: Random) -> Value:
    """Return the address of a service with a password in it."""
    password = _text(random, _PASSWORD, random.randint(10, 24))
    user = random.choice(("app", "admin", "svc_billing", "reader", "root"))
    host = random.choice(_HOSTS)
    scheme = random.choice((*_SCHEMES, "https"))
    head = f"{scheme}://{'' if scheme == 'redis' else user}:"
    tail = f"@{host}/" + random.choice(("orders", "main", "app_prod", "0"))
    if scheme not in ("https", "mongodb+srv"):
        tail = tail.replace("/", f":{random.randint(1025, 32000)}/")
    least = (len(head), len(head) + len(password))
    return Value("secrets", f"{head}{password}{tail}", least, f"URL {scheme}")


def azure(random: Random) -> Value:
    """Return the connection string of a storage account."""
    key = _text(random, _BASE64, 86) + "=="
    name = _text(random, ascii_lowercase, 9)
    head = f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey="
    least = (len(head), len(head) + len(key))
    return Value("secrets", f"{head}{key};EndpointSuffix=core.windows.net", least, "Azure storage")


def assignment(random: Random) -> Value:
    """Return a line that gives a name to a secret of no known form."""
    name = random.choice(
        ("api_key", "API_KEY", "client_secret", "aws_secret_access_key", "auth_token", "secret_key")
    )
    secret = _text(random, _ALNUM, random.choice((24, 32, 40, 40)))
    between = random.choice((' = "', "=", ": '", '="', ": "))
    after = {'"': '"', "'": "'"}.get(between[-1], "")
    head = f"{name}{between}"
    return Value(
        "secrets_generic",
        f"{head}{secret}{after}",
        (len(head), len(head) + len(secret)),
        "assignment",
    )


def jwt(random: Random) -> Value:
    """Return a signed JSON web token (RFC 7519)."""
    header = {"alg": random.choice(("HS256", "RS256", "ES256")), "typ": "JWT"}
    if random.random() < 0.4:
        header["kid"] = _text(random, _HEX, 8)
    claims = {"sub": str(random.randint(1000, 9_999_999)), "iat": random.randint(10**9, 2 * 10**9)}
    separators = random.choice(((",", ":"), (",", ":"), (", ", ": ")))
    parts = [
        _encoded(json.dumps(each, separators=separators).encode()) for each in (header, claims)
    ]
    signature = _encoded(random.randbytes(256 if header["alg"] == "RS256" else 32))
    return Value("secrets", ".".join((*parts, signature)), form="JWT")


def opaque(random: Random, length: int) -> str:
    """Return characters of base64 that mean nothing."""
    return _text(random, _BASE64, length)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _text(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choices(alphabet, k=length))


def _with_crc(random: Random, prefix: str) -> str:
    body = _text(random, _ALNUM, 30)
    return f"{prefix}_{body}{crc_base62(body)}"


def _openai(random: Random) -> str:
    if random.random() < 0.3:
        return f"sk-{_text(random, _ALNUM, 20)}T3BlbkFJ{_text(random, _ALNUM, 20)}"
    parts = [_text(random, _URL_SAFE, 74) for _ in range(2)]
    return f"sk-{random.choice(('proj', 'svcacct'))}-{'T3BlbkFJ'.join(parts)}"


def _pypi(random: Random) -> str:
    rest = _encoded(random.randbytes(random.randint(90, 120)))
    return f"pypi-AgEIcHlwaS5vcmc{rest}"


def _own(random: Random) -> str:
    """As `plugins.auth.keys` writes them: a name, 32 bytes, and a CRC-32 in base 62."""
    body = f"lai_{_text(random, _ALNUM, 10)}_{_text(random, _URL_SAFE, 43)}"
    return f"{body}_{crc_base62(body, digits + ascii_letters)}"


_TOKENS = {
    "AWS": lambda random: (
        random.choice(("AKIA", "ASIA")) + _text(random, f"{ascii_uppercase}234567", 16)
    ),
    "GitHub": lambda random: _with_crc(random, random.choice(("ghp", "gho", "ghu", "ghs", "ghr"))),
    "GitHub, fine-grained": lambda random: (
        f"github_pat_{_text(random, _ALNUM, 22)}_{_text(random, _ALNUM, 59)}"
    ),
    "npm": lambda random: _with_crc(random, "npm"),
    "GitLab": lambda random: f"glpat-{_text(random, _URL_SAFE, 20)}",
    "Slack, bot": lambda random: (
        f"xoxb-{random.randint(10**11, 10**12 - 1)}-{random.randint(10**12, 10**13 - 1)}"
        f"-{_text(random, _ALNUM, 24)}"
    ),
    "Slack, user": lambda random: (
        f"xoxp-{random.randint(10**11, 10**12 - 1)}-{random.randint(10**11, 10**12 - 1)}"
        f"-{random.randint(10**12, 10**13 - 1)}-{_text(random, _HEX, 32)}"
    ),
    "Stripe": lambda random: (
        f"{random.choice(('sk', 'rk'))}_live_{_text(random, _ALNUM, random.choice((24, 99)))}"
    ),
    "OpenAI": _openai,
    "Anthropic": lambda random: (
        f"sk-ant-{random.choice(('api03', 'admin01'))}-{_text(random, _URL_SAFE, 93)}AA"
    ),
    "Hugging Face": lambda random: f"hf_{_text(random, ascii_letters, 34)}",
    "Google": lambda random: f"AIza{_text(random, _URL_SAFE, 35)}",
    "PyPI": _pypi,
    "SendGrid": lambda random: f"SG.{_text(random, _URL_SAFE, 22)}.{_text(random, _URL_SAFE, 43)}",
    "Twilio": lambda random: f"SK{_text(random, _HEX, 32)}",
    "DigitalOcean": lambda random: f"dop_v1_{_text(random, _HEX, 64)}",
    "this router": _own,
}

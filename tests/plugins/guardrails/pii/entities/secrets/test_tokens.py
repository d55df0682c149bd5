"""Secrets with a mark of their own."""

from itertools import cycle, islice

import pytest

from plugins.auth.keys.format import make
from plugins.guardrails.pii.entities.catalogue import select
from plugins.guardrails.pii.entities.entity import Entity
from plugins.guardrails.pii.entities.secrets.tokens import TOKENS
from plugins.guardrails.stream.matcher import Matcher
from tests.plugins.guardrails.pii.entities.support import found

MIXED = "q7Zk3Wm9Xc2Vb8Np4Lt6Rj1Hg5Fd0SyAeUiOoYtEw"
HEX = "3f7a9c1e5b8d2046f1c3"
UPPER = "Q7ZK3WM2XC4VB5NP6LTRJHGFDSYAEUIO"


def of(alphabet: str, length: int) -> str:
    """Return a text of this length that looks random."""
    return "".join(islice(cycle(alphabet), length))


SECRETS = {
    "localai": [make()[1]],
    "aws": [
        f"AKIA{of(UPPER, 16)}",
        f"ASIA{of(UPPER, 16)}",
        f"secret_access_key = {of(MIXED, 40)}",
        f"ABSK{of(MIXED, 120)}",
    ],
    "github": [
        "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",
        f"gho_{of(MIXED, 36)}",
        f"github_pat_{of(MIXED, 22)}_{of(MIXED, 59)}",
    ],
    "gitlab": [f"glpat-{of(MIXED, 20)}", f"glrt-{of(MIXED, 20)}"],
    "slack": [
        f"xoxb-123456789012-1234567890123-{of(MIXED, 24)}",
        f"https://hooks.slack.com/services/T0{of(UPPER, 8)}/B0{of(UPPER, 8)}/{of(MIXED, 24)}",
    ],
    "stripe": [f"sk_live_{of(MIXED, 24)}", f"rk_test_{of(MIXED, 99)}", f"whsec_{of(MIXED, 32)}"],
    "anthropic": [f"sk-ant-api03-{of(MIXED, 93)}AA"],
    "openrouter": [f"sk-or-v1-{of(HEX, 64)}"],
    "openai": [
        f"sk-{of(MIXED, 20)}T3BlbkFJ{of(MIXED, 20)}",
        f"sk-proj-{of(MIXED, 74)}T3BlbkFJ{of(MIXED, 74)}",
        f"sk-{of(HEX, 32)}",
    ],
    "huggingface": [f"hf_{of(MIXED, 34)}"],
    "google": [f"AIza{of(MIXED, 35)}", f"GOCSPX-{of(MIXED, 28)}", f"ya29.{of(MIXED, 60)}"],
    "npm": [f"npm_{of(MIXED, 36)}"],
    "pypi": [f"pypi-AgEIcHlwaS5vcmc{of(MIXED, 120)}"],
    "sendgrid": [f"SG.{of(MIXED, 22)}.{of(MIXED, 43)}"],
    "twilio": [f"SK{of(HEX, 32)}"],
    "digitalocean": [f"dop_v1_{of(HEX, 64)}"],
    "azure": [f"AccountKey={of(MIXED, 86)}==", f"sig={of(MIXED, 43)}%3D"],
    "mailgun": [f"key-{of(HEX, 32)}"],
    "databricks": [f"dapi{of(HEX, 32)}"],
    "docker": [f"dckr_pat_{of(MIXED, 27)}"],
    "shopify": [f"shpat_{of(HEX, 32)}"],
    "square": [f"sq0atp-{of(MIXED, 22)}"],
    "telegram": [f":AA{of(MIXED, 33)}"],
    "vault": [f"hvs.{of(MIXED, 90)}"],
    "grafana": [f"glsa_{of(MIXED, 32)}_3f7a9c1e"],
    "groq": [f"gsk_{of(MIXED, 52)}"],
    "xai": [f"xai-{of(MIXED, 80)}"],
    "replicate": [f"r8_{of(MIXED, 37)}"],
    "perplexity": [f"pplx-{of(MIXED, 48)}"],
    "nvidia": [f"nvapi-{of(MIXED, 64)}"],
    "langsmith": [f"lsv2_pt_{of(HEX, 32)}_{of(HEX, 10)}"],
    "notion": [f"ntn_{of(MIXED, 46)}"],
    "linear": [f"lin_api_{of(MIXED, 40)}"],
    "atlassian": [f"ATATT3{of(MIXED, 180)}=1A2B3C4D"],
    "age": [f"AGE-SECRET-KEY-1{of('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}"],
}


@pytest.mark.parametrize("entity", TOKENS, ids=lambda entity: entity.name)
def test_each_vendors_secrets_are_found_whole(entity: Entity) -> None:
    """In assignments, JSON, headers and sentences; by its own entity, all others being on."""
    matcher = _secrets()
    name = entity.name
    for secret in SECRETS[name.removeprefix("secret_")]:
        for text in (f"KEY={secret}\n", f'"{secret}"', f"Bearer {secret}", f"is {secret}, ok"):
            matches = matcher.find(text)
            assert [(text[each.start : each.end], each.rule.name) for each in matches] == [
                (secret, name)
            ]


def _secrets() -> Matcher:
    if not _made:
        _made.append(Matcher([rule for each in select(["secrets"]) for rule in each.rules]))
    return _made[0]


_made: list[Matcher] = []


@pytest.mark.parametrize(
    "text",
    [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-api-key-goes-here-12345678",
        "AKIAXXXXXXXXXXXXXXXX",
        "sk-learn-based-model-testing-guide-2024",
        "hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "xoxb-your-bot-token-here",
        "AKIA",
        "glpat-",
        "npm_config_registry_of_the_user_is_set_here",
        "risk-ABCdef123456ghiJKL789mnoPQR",
        "task_live_q7Zk3Wm9Xc2Vb8Np4Lt6",
    ],
)
def test_placeholders_and_words_are_left(text: str) -> None:
    """What examples have in a secret's place, and what only begins like one."""
    assert _secrets().find(f"export KEY={text} # here") == []


def test_a_right_checksum_needs_no_end() -> None:
    """What follows a token at once does not hide it, where its check says that it ends there."""
    (entity,) = select(["secret_npm"])
    token = "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"
    assert found(entity, token + "andmore") == [token]


def test_the_examples_that_vendors_publish_are_found_too() -> None:
    """No word in a key makes it none: those who try a guard try it with such a key."""
    assert len(_secrets().find("AKIAIOSFODNN7EXAMPLE")) == 1

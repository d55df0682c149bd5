"""The forms of secrets that begin with a mark of their own, as their vendors document them."""

from collections.abc import Callable
from typing import NamedTuple

from plugins.guardrails.pii.entities.secrets.checks import has_github_crc, has_localai_crc
from plugins.guardrails.pii.entities.shapes import WORD


class Format(NamedTuple):
    """One form of a vendor's secrets."""

    pattern: str
    """Selective at its beginning: a scan starts wherever its first characters are."""
    bits: float = 3.0
    """Least entropy for each character of the whole; 0 where the mark alone tells."""
    has_code: bool = False
    """Whether a part without dashes has to have digits and letters, as the mark is no word."""
    not_after: str = WORD
    not_before: str = WORD
    """Has all that the end may repeat, so that only the longest match is looked at."""
    has_check: Callable[[str], bool] | None = None
    """A checksum: where it is right, nothing else is asked for, and anything may follow.

    Where it is wrong, the text is a secret by its form and its entropy all the same: servers
    that users run themselves make tokens without it.
    """


class Vendor(NamedTuple):
    """Who gives out secrets, and in which forms."""

    name: str
    """The entity is `secret_<name>`."""
    label: str
    formats: tuple[Format, ...]


# Of a run of marks, as `sk-sk-sk-`, one start is looked at.
_RUN = f"{WORD}\\-"
_AWS = "[\"']?[ ]{0,3}[=:][ ]{0,3}[\"']?[0-9A-Za-z/+]{40}"

# A form for each first character: a scan passes by those fastest. Of those that would match the
# same text the first wins.
VENDORS = (
    Vendor(
        "localai",
        "LOCALAI_KEY",
        (
            Format(
                "lai_[0-9A-Za-z]{10}_[0-9A-Za-z_-]{43}_[0-9A-Za-z]{6}", has_check=has_localai_crc
            ),
        ),
    ),
    # A3T is of old; a key's id is in base32, and is looked for as wide as people make it up.
    Vendor(
        "aws",
        "AWS_KEY",
        (
            Format("(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}", 2.5),
            Format(f"secret(?:_access_key|AccessKey){_AWS}", 3.8, not_after=""),
            Format(f"SECRET_ACCESS_KEY{_AWS}", 3.8, not_after=""),
            Format(f"SecretAccessKey{_AWS}", 3.8, not_after=""),
            Format("ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
        ),
    ),
    Vendor(
        "github",
        "GITHUB_TOKEN",
        (
            Format("gh[pousr]_[0-9A-Za-z]{36}", has_check=has_github_crc),
            Format("gh[pousr]_[0-9A-Za-z]{37,251}"),
            Format("github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}"),
        ),
    ),
    Vendor(
        "gitlab",
        "GITLAB_TOKEN",
        (
            Format(
                "gl(?:pat|ptt|rt|dt|cbt|ft|soat|agent|oas|imt)-[0-9A-Za-z_.\\-]{20,300}",
                not_after=_RUN,
                not_before=f"{_RUN}.",
            ),
        ),
    ),
    Vendor(
        "slack",
        "SLACK_SECRET",
        (
            Format(
                "xox[abeoprsd](?:\\.xox[bp])?-[0-9A-Za-z-]{10,250}",
                2.5,
                not_after=_RUN,
                not_before=_RUN,
            ),
            Format("xapp-[0-9]-[0-9A-Z]{8,14}-[0-9]{8,16}-[0-9a-z]{32,80}"),
            Format(
                "https://hooks\\.slack\\.com/(?:services|workflows|triggers)/[0-9A-Za-z/]{24,80}"
            ),
        ),
    ),
    Vendor(
        "stripe",
        "STRIPE_KEY",
        (
            Format("sk_(?:live|test|prod)_[0-9A-Za-z]{10,247}"),
            Format("rk_(?:live|test|prod)_[0-9A-Za-z]{10,247}"),
            Format("whsec_[0-9A-Za-z+/]{24,64}={0,2}"),
        ),
    ),
    Vendor(
        "anthropic",
        "ANTHROPIC_KEY",
        (Format("sk-ant-[0-9A-Za-z_-]{20,200}", not_after=_RUN, not_before=_RUN),),
    ),
    Vendor(
        "openrouter",
        "OPENROUTER_KEY",
        (Format("sk-or-(?:v1-)?[0-9a-f]{64}"),),
    ),
    # Any `sk-…`: many servers that speak OpenAI's protocol give out such keys.
    Vendor(
        "openai",
        "OPENAI_KEY",
        (Format("sk-[0-9A-Za-z_-]{20,220}", 3.4, has_code=True, not_after=_RUN, not_before=_RUN),),
    ),
    Vendor(
        "huggingface",
        "HUGGINGFACE_TOKEN",
        (
            Format("api_org_[A-Za-z]{34}"),
            Format("hf_[0-9A-Za-z]{30,40}"),
        ),
    ),
    Vendor(
        "google",
        "GOOGLE_KEY",
        (
            Format("AIza[0-9A-Za-z_-]{35}"),
            Format("GOCSPX-[0-9A-Za-z_-]{28}"),
            Format("ya29\\.[0-9A-Za-z_-]{20,400}", not_before=_RUN),
        ),
    ),
    Vendor(
        "npm",
        "NPM_TOKEN",
        (Format("npm_[0-9A-Za-z]{36}", has_check=has_github_crc),),
    ),
    # The macaroon's location, in base64: pypi.org, and test.pypi.org.
    Vendor(
        "pypi",
        "PYPI_TOKEN",
        (
            Format(
                "pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[0-9A-Za-z_-]{50,1000}",
                not_before=_RUN,
            ),
        ),
    ),
    Vendor(
        "sendgrid",
        "SENDGRID_KEY",
        (Format("SG\\.[0-9A-Za-z_-]{20,24}\\.[0-9A-Za-z_-]{39,50}", not_before=_RUN),),
    ),
    Vendor(
        "twilio",
        "TWILIO_KEY",
        (Format("SK[0-9a-f]{32}"),),
    ),
    Vendor(
        "digitalocean",
        "DIGITALOCEAN_TOKEN",
        (Format("do[oprt]_v1_[0-9a-f]{64}"),),
    ),
    Vendor(
        "azure",
        "AZURE_KEY",
        (
            Format("Acc(?:ount|ess)Key=[0-9A-Za-z+/]{42,86}={1,2}", not_after=""),
            # A client secret has four more characters before these, which bear no mark.
            Format("Q~[0-9A-Za-z_.~-]{31,34}", not_after=""),
            Format("sig=[0-9A-Za-z%]{43,60}%3[Dd]"),
        ),
    ),
    Vendor(
        "mailgun",
        "MAILGUN_KEY",
        (Format("key-[0-9a-f]{32}"),),
    ),
    Vendor(
        "databricks",
        "DATABRICKS_TOKEN",
        (Format("dapi[0-9a-f]{32}(?:-[0-9])?"),),
    ),
    Vendor(
        "docker",
        "DOCKER_TOKEN",
        (Format("dckr_(?:pat|oat)_[0-9A-Za-z_-]{27,32}", not_before=_RUN),),
    ),
    Vendor(
        "shopify",
        "SHOPIFY_TOKEN",
        (Format("shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}"),),
    ),
    Vendor(
        "square",
        "SQUARE_TOKEN",
        (Format("sq0(?:atp|csp|idp)-[0-9A-Za-z_-]{22,43}", not_before=_RUN),),
    ),
    Vendor(
        "telegram",
        "TELEGRAM_TOKEN",
        (
            # The number of the bot, which is before the colon, is known to all who meet it.
            Format(":AA[0-9A-Za-z_-]{33}", not_after=""),
        ),
    ),
    Vendor(
        "vault",
        "VAULT_TOKEN",
        (Format("hv[sbr]\\.[0-9A-Za-z_-]{24,300}", not_before=_RUN),),
    ),
    Vendor(
        "grafana",
        "GRAFANA_TOKEN",
        (Format("gl(?:sa|c)_[0-9A-Za-z+/_]{32,400}={0,2}"),),
    ),
    Vendor(
        "groq",
        "GROQ_KEY",
        (Format("gsk_[0-9A-Za-z]{48,56}"),),
    ),
    Vendor(
        "xai",
        "XAI_KEY",
        (Format("xai-[0-9A-Za-z]{70,90}"),),
    ),
    Vendor(
        "replicate",
        "REPLICATE_TOKEN",
        (Format("r8_[0-9A-Za-z]{37}"),),
    ),
    Vendor(
        "perplexity",
        "PERPLEXITY_KEY",
        (Format("pplx-[0-9A-Za-z]{48,56}"),),
    ),
    Vendor(
        "nvidia",
        "NVIDIA_KEY",
        (Format("nvapi-[0-9A-Za-z_-]{60,70}", not_before=_RUN),),
    ),
    Vendor(
        "langsmith",
        "LANGSMITH_KEY",
        (Format("lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),),
    ),
    Vendor(
        "notion",
        "NOTION_TOKEN",
        (Format("ntn_[0-9A-Za-z]{40,50}"),),
    ),
    Vendor(
        "linear",
        "LINEAR_KEY",
        (Format("lin_(?:api|oauth)_[0-9A-Za-z]{40,64}"),),
    ),
    Vendor(
        "atlassian",
        "ATLASSIAN_TOKEN",
        (Format("AT[AC]TT3[0-9A-Za-z_=-]{60,300}"),),
    ),
    Vendor(
        "age",
        "AGE_KEY",
        (Format("AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),),
    ),
)

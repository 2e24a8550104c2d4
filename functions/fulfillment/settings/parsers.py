"""Parsers for the texts of settings: each function reads one kind of setting, or raises ValueError with the rule. The
rule never quotes the text, which may be a secret.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fulfillment.settings.hosts import in_ascii, is_loopback

if TYPE_CHECKING:
    from fulfillment.settings.mailbox import Mailbox


def parse_webhook_secrets(text: str) -> tuple[str, ...]:
    """The signing secrets in a text, separated by commas, semicolons or whitespace. Raises ValueError if one is
    invalid: an empty or short secret can be guessed, and with an extra character every signature fails.
    """
    secrets = tuple(secret for secret in re.split(r"[,;\s]+", in_ascii(text)) if secret)
    if not secrets or not all(re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{16,}", secret) for secret in secrets):
        rule = "each `whsec_` and 16 or more letters, digits or any of + / = _ -, without quotes or brackets"
        raise ValueError(f"must hold one or more signing secrets, {rule}")
    if any("whsec_" in secret.removeprefix("whsec_") for secret in secrets):
        raise ValueError("holds `whsec_` within a signing secret: put a comma or a line break between any two")
    return secrets


def parse_api_key(text: str) -> str:
    """A secret or restricted key of Stripe's API, of an account or an organization. Raises ValueError for anything
    else, including a publishable key.
    """
    if not re.fullmatch(r"[sr]k_(test|live|org)_[A-Za-z0-9_]{8,}", text := in_ascii(text)):
        raise ValueError("must be a secret or restricted key: sk_ or rk_, then test_, live_ or org_, as in rk_test_…")
    if len(re.findall(r"[sr]k_(?:test|live|org)_", text)) > 1:
        raise ValueError("must be one key: two run into each other")
    return text


def is_organization(key: str) -> bool:
    """Whether the key is an organization's. Such a key does not show its mode, and reads nothing without a context."""
    return key[2:7] == "_org_"


def livemode(text: str) -> bool:
    """Whether this deployment is for live mode."""
    if text not in ("true", "false"):
        raise ValueError("must be true (live mode) or false (test mode)")
    return text == "true"


def api_base(text: str) -> str:
    """The address of Stripe's API. http would send the key unencrypted: it is only for a stand-in on loopback."""
    url = urlsplit(text.rstrip("/"))
    safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or ""))
    if not safe or not url.hostname or url.username is not None or url.query or url.fragment:
        raise ValueError("must be an https:// address, or an http:// one on loopback")
    return url.geturl()


def topic(text: str) -> str:
    """A Pub/Sub topic's id."""
    rule = "a Pub/Sub topic's id: 3 to 255 characters, a letter first, not `goog…`"
    return _fit(text, r"(?!goog)[A-Za-z][\w.~+%-]{2,254}", rule)


def true_or_false(text: str) -> bool:
    """A boolean setting."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def hook_timeout(text: str) -> int:
    """The time limit for one call of a hook, in seconds."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 400:
        raise ValueError("must be whole seconds, 1 to 400: a push is acknowledged within 600 s or comes again")
    return int(text)


def count(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number, {least} to {most}")
        return int(text)

    return read


def moment(text: str) -> datetime:
    """A day, or a time with its zone, in ISO 8601. A day begins at midnight UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or (read.tzinfo is None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)):
        raise ValueError("must be a day or a time with its zone: 2026-11-25 or 2026-11-25T09:30:00Z")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def sender(text: str) -> "Mailbox":
    """The sender of mails: an address, with or without a name."""
    from fulfillment.settings.mailbox import parse_sender

    return parse_sender(text)


def time_zone(text: str) -> tzinfo:
    """A time zone by its IANA name. A machine's other zone files are refused: its own zone (`localtime`), POSIX rules,
    zones with leap seconds, and IANA's `Factory`, which means that no zone is set.
    """
    if text == "UTC":
        return UTC
    from importlib.resources import files
    from zoneinfo import ZoneInfo

    if text == "Factory" or text not in files("tzdata").joinpath("zones").read_text("utf-8").split():
        raise ValueError("must be the IANA name of a time zone, such as Europe/Berlin or UTC")
    return ZoneInfo(text)


def collection(text: str) -> str:
    """A Firestore collection's id."""
    return _fit(text, r"(?!__.*__\Z)[\w-]{1,255}", "a Firestore collection's id: letters, digits, - or _")


def deployment(text: str) -> str:
    """A deployment's name."""
    return _fit(text, r"[a-z][a-z0-9-]{1,62}", "a deployment's name: lower case letters, digits, -")


def project(text: str) -> str:
    """A Google Cloud project's id."""
    return _fit(text, r"[a-z][a-z0-9.:-]{2,62}", "a Google Cloud project's id: lower case letters, digits, -")


def database(text: str) -> str:
    """A Firestore database's id."""
    rule = "(default), or a Firestore database's id: 4 to 63 lower case letters, digits, -"
    return _fit(text, r"\(default\)|[a-z][a-z0-9-]{3,62}", rule)


def _fit(text: str, pattern: str, rule: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError(f"must be {rule}")
    return text

"""What a setting's text may be: each function reads one kind, or raises ValueError with the rule. The rule never
quotes the text, which may be a secret.
"""

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Generic, Self, TypeVar
from urllib.parse import urlsplit

from fulfillment import telemetry
from fulfillment.addresses import in_ascii, is_loopback
from fulfillment.domain.checkout import Checkout

SECRET_CACHE_SECONDS = 10
SECRET_READ_SECONDS = 0.5
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """Which sessions are ours, on a Stripe account that several products share."""

    name: str
    values: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """`metadata.KEY=VALUE[,VALUE]` or `payment_link=ID[,ID]`; ValueError for anything else."""
        name, _, values = (part.strip() for part in text.partition("="))
        wanted = frozenset(value.strip() for value in values.split(",") if value.strip())
        if not re.fullmatch(r"metadata\..+|payment_link", name) or not wanted:
            raise ValueError("must be metadata.KEY=VALUE or payment_link=plink_1,plink_2")
        return cls(name=name, values=wanted)

    def matches(self, checkout: Checkout) -> bool:
        """Whether the session is one of ours."""
        if self.name == "payment_link":
            return checkout.payment_link in self.values
        value = checkout.metadata.get(self.name.removeprefix("metadata."))
        return isinstance(value, str) and value in self.values


def parse_webhook_secrets(text: str) -> tuple[str, ...]:
    """The signing secrets in a text, separated by commas, semicolons or whitespace. ValueError if one is unfit:
    an empty or short key can be guessed, and with a character too many no event is ever Stripe's.
    """
    secrets = tuple(secret for secret in re.split(r"[,;\s]+", in_ascii(text)) if secret)
    if not secrets or not all(re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{16,}", secret) for secret in secrets):
        rule = "each `whsec_` and 16 or more letters, digits or any of + / = _ -, without quotes or brackets"
        raise ValueError(f"must hold one or more signing secrets, {rule}")
    if any("whsec_" in secret.removeprefix("whsec_") for secret in secrets):
        raise ValueError("holds `whsec_` within a signing secret: put a comma or a line break between any two")
    return secrets


def parse_api_key(text: str) -> str:
    """A secret or restricted key of Stripe's API, of an account or an organization; ValueError for anything else, a
    publishable key included.
    """
    if not re.fullmatch(r"[sr]k_(test|live|org)_[A-Za-z0-9_]{8,}", text := in_ascii(text)):
        raise ValueError("must be a secret or restricted key: sk_ or rk_, then test_, live_ or org_, as in rk_test_…")
    if len(re.findall(r"[sr]k_(?:test|live|org)_", text)) > 1:
        raise ValueError("must be one key: two run into each other")
    return text


def is_organization(key: str) -> bool:
    """Whether the key is an organization's. It says nothing of its mode, and reads nothing without a context."""
    return key[2:7] == "_org_"


class SecretFile(Generic[T]):
    """A secret in a file that is read again every few seconds, so that a rotation needs no deploy. `parse`
    says what the file's text holds, or raises ValueError, as making the first one does.
    """

    def __init__(self, path: Path, parse: Callable[[str], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._parse, self._clock = path, parse, clock
        # On a thread: a mounted secret is fetched when it is read, and nobody else shall wait long for that.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="secret")
        self._reading: Future[T] | None = None
        self._secret = self._read()
        self._read_at = clock()

    def __call__(self) -> T:
        """The secret now. A file that has become unreadable keeps the last good one: an outage of the
        secret store must not refuse the money.
        """
        if self._reading is None and self._clock() - self._read_at >= SECRET_CACHE_SECONDS:
            self._read_at = self._clock()
            self._reading = self._reader.submit(self._read)
            self._adopt(SECRET_READ_SECONDS)
        elif self._reading is not None and self._reading.done():  # one that was late
            self._adopt(0)
        return self._secret

    def _adopt(self, seconds: float) -> None:
        """Takes over what is being read, if it is there within some seconds; later otherwise."""
        if self._reading is not None:
            try:
                self._secret = self._reading.result(seconds)
                self._reading = None
            except (ValueError, TimeoutError) as error:
                if not isinstance(error, TimeoutError):
                    self._reading = None
                problem = str(error) or f"cannot be read within {SECRET_READ_SECONDS} s"
                message = f"the secret file {self._path.name} {problem}; the last good one stays in force"
                telemetry.emit({"severity": "WARNING", "message": message, "outcome": "stale_secret"})

    def _read(self) -> T:
        try:
            return self._parse(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot be read ({type(error).__name__})") from None


def file(parse: Callable[[str], T]) -> Callable[[str], SecretFile[T]]:
    """The reader of a setting that names a file."""
    return lambda text: SecretFile(Path(text), parse)


def livemode(text: str) -> bool:
    """Whether this deployment is for live mode."""
    if text not in ("true", "false"):
        raise ValueError("must be true (live mode) or false (test mode)")
    return text == "true"


def api_base(text: str) -> str:
    """The address of Stripe's API. A key in the clear is anybody's: http is for a stand-in on loopback."""
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
    """A switch."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def hook_timeout(text: str) -> int:
    """Seconds of one call of a hook."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 400:
        raise ValueError("must be whole seconds, 1 to 400: a push is acknowledged within 600 s or comes again")
    return int(text)


def count(least: int, most: int) -> Callable[[str], int]:
    """The reader of a whole number within limits."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number, {least} to {most}")
        return int(text)

    return read


def moment(text: str) -> datetime:
    """A day, or a time with its zone, as ISO 8601 writes it; a day begins at midnight UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or (read.tzinfo is None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)):
        raise ValueError("must be a day or a time with its zone: 2026-11-25 or 2026-11-25T09:30:00Z")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def time_zone(text: str) -> tzinfo:
    """A time zone by its IANA name. A machine has other files beside those: its own zone (`localtime`), what rules of
    POSIX follow, zones that count leap seconds; IANA's own `Factory`, which means that none is set.
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

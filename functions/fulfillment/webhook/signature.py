"""Verifies that a body comes from Stripe, with Stripe's library. For a bad signature it adds the likely cause."""

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def hide_modules(*names: str) -> Iterator[None]:
    """Hides packages from an import that only checks whether they are installed.

    A package that is already loaded stays visible: hiding it would save nothing.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: by the language, an import of it fails
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


# Stripe's library imports an HTTP client when it is imported. Verifying a signature needs none.
with hide_modules("requests", "httpx"):
    from stripe import SignatureVerificationError, WebhookSignature

TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The request is not proven to be Stripe's. The text is the likely cause, `code` is its word for machines. Both are
    only for the log: the caller must not learn the reason.
    """

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(cause)
        self.code = code


def verify(body: bytes, header: str | None, secrets: Iterable[str], now: float | None = None) -> None:
    """Returns if one of the secrets signed the body at most 300 s before or after `now` (epoch seconds). Stripe's
    library refuses only old signatures; one from the future could be replayed later.

    Raises BadSignature. While a secret is rolled, Stripe signs with the old one and the new one.
    """
    if not header:
        raise BadSignature("no_header", "no Stripe-Signature header: not sent by Stripe, or a proxy dropped the header")
    if not header.isascii():  # the library's comparison would raise TypeError
        raise BadSignature("malformed_header", "Stripe-Signature is not ASCII: not sent by Stripe")
    header = _without_blanks(header)
    if not any(_signed(body, header, secret) for secret in secrets):
        raise _likely_cause(body, header)
    age = int(time.time() if now is None else now) - _timestamp(header)
    if abs(age) > TOLERANCE_SECONDS:
        when = "old" if age > 0 else "in the future"
        cause = f"signed {abs(age)} s {when}: a replay, or a clock is wrong, here or at the sender"
        raise BadSignature("clock", cause)


def _without_blanks(header: str) -> str:
    """The header without the blanks around `,` and `=`. They mean nothing in HTTP, and some proxies add them after each
    comma, but the library takes them as part of the name or value. All other characters stay as they are.
    """
    if " " not in header and "\t" not in header:
        return header
    return ",".join("=".join(part.strip(" \t") for part in item.split("=")) for item in header.split(","))


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


def _values(header: str, name: str) -> list[str]:
    """The header's values of a name, parsed as the library parses them."""
    items = (item.split("=") for item in header.split(","))
    return [item[1] for item in items if item[0] == name and len(item) > 1]


def _timestamp(header: str) -> int:
    """The first t, which the library uses too. Raises IndexError or ValueError if there is none."""
    return int(_values(header, "t")[0])


def _likely_cause(body: bytes, header: str) -> BadSignature:
    malformed = BadSignature("malformed_header", "Stripe-Signature has no t= or no v1=: not sent by Stripe")
    try:
        _timestamp(header)
    except (IndexError, ValueError):
        return malformed
    if not _values(header, "v1"):
        return malformed
    if not body.startswith(b'{\n  "id": "evt_') and b'"v2.core.event"' not in body:
        cause = "the body is not in Stripe's format: re-encoded by a proxy, or not sent by Stripe"
        return BadSignature("re_encoded_body", cause)
    cause = (
        "no signing secret matches: the secret belongs to another endpoint or environment (every endpoint, test mode, "
        "live mode and `stripe listen` have their own), or a proxy changed the body"
    )
    return BadSignature("wrong_secret", cause)

"""Is this body really from Stripe? Its own library looks at the signature; the likely cause of a bad one is ours."""

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def hide_modules(*names: str) -> Iterator[None]:
    """Hides packages from an import that only looks which of them it could use later.

    One that is loaded already stays: hiding it would save nothing.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an import of it fails, says the language
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


# Stripe's library looks for a client of HTTP as soon as it is imported. Whoever checks a signature calls nobody.
with hide_modules("requests", "httpx"):
    from stripe import SignatureVerificationError, WebhookSignature

TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The request is not proven to be Stripe's. The text is the likely cause and `code` the machine's word
    for it, both for the log alone: who is refused must not learn why.
    """

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(cause)
        self.code = code


def verify(body: bytes, header: str | None, secrets: Iterable[str], now: float | None = None) -> None:
    """Returns if one of the secrets signed the body within 300 s of `now` (epoch seconds), either way:
    Stripe's library refuses old signatures only, and a signature from the future can be kept for later.

    Raises BadSignature. While a secret is rolled, Stripe signs with the old one and the new one.
    """
    if not header:
        raise BadSignature("no_header", "no Stripe-Signature header: not sent by Stripe, or a proxy dropped the header")
    if not header.isascii():  # the library would compare it, and fall over it
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
    """The header without the blanks around `,` and `=`: they mean nothing in HTTP, some proxies write them after each
    comma, and the library takes them for a part of the name or value. No character between two blanks is touched.
    """
    return ",".join("=".join(part.strip(" \t") for part in item.split("=")) for item in header.split(","))


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


def _values(header: str, name: str) -> list[str]:
    """What the header says under a name, found as the library finds it."""
    items = (item.split("=") for item in header.split(","))
    return [item[1] for item in items if item[0] == name and len(item) > 1]


def _timestamp(header: str) -> int:
    """The time that counts, as in the library: the first t. IndexError or ValueError if there is none."""
    return int(_values(header, "t")[0])


def _likely_cause(body: bytes, header: str) -> BadSignature:
    malformed = BadSignature("malformed_header", "Stripe-Signature has no t= or no v1=: not sent by Stripe")
    try:
        _timestamp(header)
    except (IndexError, ValueError):
        return malformed
    if not _values(header, "v1"):
        return malformed
    if not body.startswith(b'{\n  "id": "evt_'):
        cause = "the body is not as Stripe writes it: re-encoded on the way here, or not sent by Stripe"
        return BadSignature("re_encoded_body", cause)
    cause = (
        "no signing secret matches: it is that of another endpoint or environment (every endpoint, test mode, live "
        "mode and `stripe listen` have their own), or the body was changed on the way here"
    )
    return BadSignature("wrong_secret", cause)

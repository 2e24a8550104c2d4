"""Maps the answer of a mail server to an error.

Answer of the server                      at            result
250                                       DATA          done: later failures of the connection do not matter
no SMTPUTF8, and the address needs it     EHLO          MailRefused: this server never accepts this address
5.1.x, except 5.1.0, 5.1.7 and 5.1.8      RCPT, DATA    MailRefused: the address does not exist (RFC 3463)
5.6.x, 5.3.4, 5.2.3                       MAIL to DATA  MailRefused: the mail's format, characters or size; a retry
                                                        would send the same mail
530, 5.1.7, 5.1.8, 5.4.5, 5xx at MAIL     MAIL to DATA  MailServerUnavailable: the sender, the login, or a daily limit;
                                                        a person or the next day solves it for all mails
any other 5xx                             RCPT, DATA    RefusedForNow: retried with growing pauses, then MailRefused
anything else                             anywhere      MailServerUnavailable: sent again later

Any other 5xx may be temporary: servers use the same code for temporary and permanent problems. cPanel answers a bare
550 both for an unknown mailbox and for too many mails in an hour. Gmail answers 550 5.7.1 both for content and for the
sending server's reputation, and 550 5.2.1 both for a disabled mailbox and for one that receives too much now. Amazon
SES answers a bare 554 for a sender that is not verified yet. Yahoo answers a bare 554 for headers, 5.7.9 for policy.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from fulfillment.domain.order import Order
from fulfillment.errors import FulfillmentError, MailRefused, MailServerUnavailable, RefusedForNow

_ENHANCED = re.compile(r"(?:^\s*|#)(5\.\d{1,3}\.\d{1,3})\b")  # qmail writes it in brackets: (#5.1.1)
_OURS = re.compile(r"5\.1\.[78]|5\.4\.5")
_ADDRESS = re.compile(r"5\.1\.[1-9]\d*")
_MAIL = re.compile(r"5\.6\.\d+|5\.3\.4|5\.2\.3")
_LOGIN_NEEDED = 530
_PLAIN_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*\d{0,4}[.,:;!?]?")
_WORDS = 20  # at most, of a server's answer


def refusal(what: str, code: int, answer: str, order: Order) -> FulfillmentError:
    """The error for a refusal of the sender, the recipient or the mail, by the table above."""
    found = _ENHANCED.search(answer)
    enhanced = found[1] if found else ""
    words = _harmless(answer, order)
    detail = " ".join(filter(None, (str(code), enhanced, words and f"({words})")))
    text = f"the mail server refused the {what}"
    if code < 500:
        return MailServerUnavailable(f"{text} for now: {detail}")
    ours = code == _LOGIN_NEEDED or _OURS.fullmatch(enhanced)
    if _MAIL.fullmatch(enhanced) or (_ADDRESS.fullmatch(enhanced) and what != "sender" and not ours):
        return MailRefused(f"{text}: {detail}")
    if ours or what == "sender":
        return MailServerUnavailable(f"{text} for now: {detail}")
    return RefusedForNow(f"{text} for now: {detail}", MailRefused(f"{text} each time: {detail}"))


def _harmless(text: str, order: Order) -> str:
    """The plain words of a server's answer, without the buyer's name and address, which it may repeat."""
    personal = _personal_words(order)
    words = [word if _PLAIN_WORD.fullmatch(word) and not _repeats(word, personal) else "…" for word in text.split()]
    kept = [word for word, before in zip(words, ["…", *words], strict=False) if (word, before) != ("…", "…")]
    return " ".join(kept[:_WORDS]).removesuffix(" …")


def _personal_words(order: Order) -> set[str]:
    personal = " ".join(_texts([asdict(part) for part in (order.customer, order.shipping) if part]))
    return {word.casefold() for word in re.findall(r"[^\W_]+", personal)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value)


def _repeats(word: str, personal: set[str]) -> bool:
    own = re.sub(r"[\W_]", "", word).casefold()
    return own in personal or any(each in own for each in personal if len(each) > 3)

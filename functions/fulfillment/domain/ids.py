"""The ids in an event, each read once: the session's, the event's own, its owner's, other objects'. And currencies."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from fulfillment.domain.shape import ShapeError


class _Matched(str):
    """A text that is wholly of one pattern. `_NAME` is what it is called where no path says so."""

    __slots__ = ()
    _FIT: ClassVar[re.Pattern[str]]
    _RULE: ClassVar[str]
    _NAME: ClassVar[str]

    @classmethod
    def read(cls, value: object, path: str | None = None) -> Self:
        """The value as such a text, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(value):
            return cls(value)
        raise ShapeError(path or cls._NAME, cls._RULE)


class SessionId(_Matched):
    """A Checkout Session's id that is fit to name a document (case-sensitive, up to 255 characters)."""

    __slots__ = ()
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_-]{1,255}")
    _RULE = "not a usable id: 1 to 255 letters, digits, - or _, and not __so__"
    _NAME = "session id"


class EventId(_Matched):
    """An event's id: Stripe's `evt_…`, or `reconcile:{session}:{claim}` for what we found ourselves."""

    __slots__ = ()
    FOUND = "reconcile:"
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_:.-]{1,320}")
    _RULE = "not a usable id: 1 to 320 letters, digits, - _ : or ., and not __so__"
    _NAME = "event id"


class ContextPath(_Matched):
    """Whose object it is, as an event's `context` tells: `acct_1`, or a path that ends there: `org_1/acct_1`. It is
    sent as the header `Stripe-Context`.
    """

    __slots__ = ()
    _FIT = re.compile(r"[A-Za-z0-9_./-]{1,512}")
    _RULE = "expected ids, parted by /"
    _NAME = "context"

    @property
    def account(self) -> str | None:
        """The last part that is an account."""
        accounts = [part for part in self.split("/") if part.startswith("acct_")]
        return accounts[-1] if accounts else None


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose session it is, where that is not the API key's own account: a connected account's, an organization's."""

    account: str | None = None
    context: ContextPath | None = None

    @classmethod
    def told_by(cls, account: str | None, context: object) -> Self:
        """The owner in an event: some events name the account in their context alone. A context that is no path of ids
        tells nothing: the sale is a sale all the same.
        """
        try:
            path = None if context is None else ContextPath.read(context)
        except ShapeError:
            path = None
        return cls(account=account or (path.account if path else None), context=path)

    def told(self) -> dict[str, str]:
        """The owner as an event tells it."""
        fields = {"account": self.account, "context": self.context}
        return {name: value for name, value in fields.items() if value}


OWN = Owner()
"""The API key's own account."""


class Id(str):
    """The id of another Stripe object, whether it came as an id or expanded into the whole object."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The id in the value, or ShapeError."""
        found = value.get("id") if isinstance(value, dict) else value
        if isinstance(found, str) and found:
            return cls(found)
        raise ShapeError(path, "expected an id, or an object that has one")


class Currency(str):
    """A currency code in lower case. Which ones exist is Stripe's business and changes."""

    __slots__ = ()
    _FIT = re.compile(r"[a-z][a-z0-9_]{1,31}")

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The value as a currency code, or ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(code := value.lower()):
            return cls(code)
        raise ShapeError(path, "expected a currency code")

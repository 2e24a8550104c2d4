"""Types for the ids in an event: of the session, the event, its owner and other objects. And for currencies."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from fulfillment.domain.shape import ShapeError


class _Matched(str):
    """A text that matches a pattern as a whole. `_NAME` names it in errors that have no path."""

    __slots__ = ()
    _FIT: ClassVar[re.Pattern[str]]
    _RULE: ClassVar[str]
    _NAME: ClassVar[str]

    @classmethod
    def read(cls, value: object, path: str | None = None) -> Self:
        """The value as such a text. Raises ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(value):
            return cls(value)
        raise ShapeError(path or cls._NAME, cls._RULE)


class SessionId(_Matched):
    """A Checkout Session's id that can name a document (case-sensitive, up to 255 characters)."""

    __slots__ = ()
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_-]{1,255}")
    _RULE = "not a usable id: 1 to 255 letters, digits, - or _, and not __so__"
    _NAME = "session id"


class ObjectId(SessionId):
    """The id of an object of Stripe's that can be a key in a document and a part of an effect's key."""

    __slots__ = ()
    _NAME = "object id"


class EventId(_Matched):
    """An event's id: Stripe's `evt_…`, or `reconcile:{session}:{claim}` for a synthetic event."""

    __slots__ = ()
    FOUND = "reconcile:"
    _FIT = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_:.-]{1,320}")
    _RULE = "not a usable id: 1 to 320 letters, digits, - _ : or ., and not __so__"
    _NAME = "event id"


class ContextPath(_Matched):
    """The owner of an object in an event's `context`: `acct_1`, or a path that ends with it: `org_1/acct_1`. Requests
    send it as the header `Stripe-Context`.
    """

    __slots__ = ()
    _FIT = re.compile(r"[A-Za-z0-9_./-]{1,512}")
    _RULE = "expected ids, parted by /"
    _NAME = "context"

    @property
    def account(self) -> str | None:
        """The last account in the path."""
        accounts = [part for part in self.split("/") if part.startswith("acct_")]
        return accounts[-1] if accounts else None


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of a session that is not the API key's own account: a connected or an organization's account."""

    account: str | None = None
    context: ContextPath | None = None

    @classmethod
    def told_by(cls, account: str | None, context: object) -> Self:
        """The owner in an event. Some events name the account only in their context. A context that is not a path of
        ids is ignored: the event still counts.
        """
        try:
            path = None if context is None else ContextPath.read(context)
        except ShapeError:
            path = None
        return cls(account=account or (path.account if path else None), context=path)

    def told(self) -> dict[str, str]:
        """The owner's fields in an event."""
        fields = {"account": self.account, "context": self.context}
        return {name: value for name, value in fields.items() if value}


OWN = Owner()
"""The API key's own account."""


class Id(str):
    """The id of another Stripe object. The event holds the id alone, or the whole object."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The id in the value. Raises ShapeError."""
        found = value.get("id") if isinstance(value, dict) else value
        if isinstance(found, str) and found:
            return cls(found)
        raise ShapeError(path, "expected an id, or an object that has one")


class Currency(str):
    """A currency code in lower case. It is not compared with a list: Stripe adds currencies."""

    __slots__ = ()
    _FIT = re.compile(r"[a-z][a-z0-9_]{1,31}")

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """The value as a currency code. Raises ShapeError."""
        if isinstance(value, str) and cls._FIT.fullmatch(code := value.lower()):
            return cls(code)
        raise ShapeError(path, "expected a currency code")

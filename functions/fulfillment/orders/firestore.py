"""The only file that knows Firestore's library: documents of a collection, each call with a limit and our errors."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    GoogleAPIError,
    InvalidArgument,
    NotFound,
)
from google.api_core.gapic_v1.client_info import ClientInfo
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import (
    SERVER_TIMESTAMP,
    AsyncClient,
    AsyncCollectionReference,
    FieldFilter,
)
from google.cloud.firestore_v1.services.firestore.transports.base import DEFAULT_CLIENT_INFO

from fulfillment.credentials import find
from fulfillment.errors import StoreUnavailable, UnstorableOrder
from fulfillment.version import USER_AGENT

RPC_SECONDS = 10.0
NOW = SERVER_TIMESTAMP
"""A value that becomes the store's time when it is written."""
ID = "__name__"

# The library takes a client_info and does not send it: it sends this one, of every client.
DEFAULT_CLIENT_INFO.user_agent = USER_AGENT


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A document as it was read. `version` changes with every write, `read_at` is the store's clock."""

    id: str
    document: Mapping[str, Any]
    version: Any
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a document must be, to be found: `operator` is `==`, or for a list of values `in` or
    `array_contains_any`.
    """

    field: str
    operator: str
    value: Any


class Collection:
    """A collection in Google Cloud Firestore, or in its emulator (FIRESTORE_EMULATOR_HOST). Every method raises
    StoreUnavailable, and one that writes UnstorableOrder.
    """

    def __init__(self, project: str, database: str, name: str) -> None:
        self._project, self._database, self._name = project, database, name
        self._client: AsyncClient | None = None

    async def create(self, name: str, document: Mapping[str, Any]) -> Any:
        """Stores a new document in one RPC: its version, or None if there is one of that name."""
        async with _rpc(AlreadyExists, Aborted) as rpc:
            rpc.written = await (await self._collection()).document(name).create(dict(document))
        return rpc.version

    async def replace(self, name: str, document: Mapping[str, Any], version: Any) -> Any:
        """Gives the fields new values in the document of that version: its new version, or None if it is no longer the
        one there.
        """
        unchanged = AsyncClient.write_option(last_update_time=version)
        async with _rpc(FailedPrecondition, NotFound, Aborted) as rpc:
            rpc.written = await (await self._collection()).document(name).update(dict(document), option=unchanged)
        return rpc.version

    async def get(self, name: str) -> Snapshot | None:
        """The document, or None."""
        async with _rpc():
            found = await (await self._collection()).document(name).get()
        return _snapshot(found)

    async def get_all(self, names: Sequence[str]) -> list[Snapshot]:
        """Those of the documents that are there, in one RPC."""
        async with _rpc():
            collection = await self._collection()
            documents = [collection.document(name) for name in names]
            found = [_snapshot(each) async for each in (await self._connected()).get_all(documents)]
        return [each for each in found if each]

    async def find(
        self, conditions: Sequence[Condition], after: str | None, limit: int, fields: Sequence[str] = ()
    ) -> list[Snapshot]:
        """The documents that are so, by their names, at most `limit` of those behind the name `after`. With `fields`
        nothing else is read of them.
        """
        async with _rpc():
            query = (await self._collection()).order_by(ID).limit(limit)
            for each in conditions:
                query = query.where(filter=FieldFilter(each.field, each.operator, each.value))
            if fields:
                query = query.select(fields)
            if after:
                query = query.start_after({ID: after})
            found = [_snapshot(each) async for each in query.stream()]
        return [each for each in found if each]

    async def _collection(self) -> AsyncCollectionReference:
        return (await self._connected()).collection(self._name)

    async def _connected(self) -> AsyncClient:
        """The client, made at the first use: it does not survive the server's fork."""
        if self._client is None:
            credentials = await find(emulated="FIRESTORE_EMULATOR_HOST" in os.environ)
            caller = ClientInfo(user_agent=USER_AGENT)  # type: ignore[no-untyped-call]
            client = AsyncClient(
                project=self._project, database=self._database, credentials=credentials, client_info=caller
            )
            self._client = self._client or client
        return self._client


@dataclass
class _Write:
    """One write under way: what Firestore says of it, or nothing if others were faster."""

    written: Any = None

    @property
    def version(self) -> Any:
        """What the next compare-and-set needs: the time of the write is the version."""
        return self.written and self.written.update_time


def _snapshot(found: Any) -> Snapshot | None:
    if not found.exists:
        return None
    return Snapshot(
        id=found.id, document=found.to_dict() or {}, version=found.update_time, read_at=plain(found.read_time)
    )


def plain(at: datetime) -> datetime:
    """A time as Python's own: Firestore's subclass is not to travel."""
    return datetime.combine(at.date(), at.time(), UTC)


@asynccontextmanager
async def _rpc(*races: type[GoogleAPIError]) -> AsyncIterator[_Write]:
    """Ten seconds for one call, and its errors in our words. Texts of Firestore's are left out: they can quote what
    they refuse. `races` are the answers to a write for which others were faster.
    """
    try:
        async with asyncio.timeout(RPC_SECONDS):
            yield _Write()
    except races:
        return
    except (TimeoutError, GoogleAPIError, GoogleAuthError) as error:
        # Only what a write says of its document is the document's fault; else, say, the database's name is wrong.
        if races and isinstance(error, InvalidArgument):
            raise UnstorableOrder("Firestore refuses the document (INVALID_ARGUMENT)") from error
        raise StoreUnavailable(f"Firestore did not answer: {type(error).__name__}") from error

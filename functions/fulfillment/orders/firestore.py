"""The only file that knows Firestore's library. Each call on a collection has a time limit and raises our errors."""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
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
from google.cloud.firestore import AsyncClient, AsyncCollectionReference, FieldFilter
from google.cloud.firestore_v1.services.firestore.transports.base import DEFAULT_CLIENT_INFO

from fulfillment.credentials import find
from fulfillment.errors import StoreUnavailable, UnstorableOrder
from fulfillment.orders import wire
from fulfillment.version import USER_AGENT

RPC_SECONDS = 10.0
ID = "__name__"

# The library accepts a client_info, but sends this global one.
DEFAULT_CLIENT_INFO.user_agent = USER_AGENT


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A document as it was read. `version` changes with every write, `read_at` is by the store's clock."""

    id: str
    document: Mapping[str, Any]
    version: Any
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of a query. `operator` is `==`, or `in` or `array_contains_any` for a list of values."""

    field: str
    operator: str
    value: Any


class Collection:
    """A collection in Google Cloud Firestore, or in its emulator (FIRESTORE_EMULATOR_HOST). Every method may raise
    StoreUnavailable. A write may also raise UnstorableOrder.
    """

    def __init__(self, project: str, database: str, name: str) -> None:
        self._project, self._database, self._name = project, database, name
        self._client: AsyncClient | None = None

    async def create(self, name: str, document: Mapping[str, Any]) -> Any:
        """Stores a new document in one RPC. Returns its version, or None if the name exists."""
        async with _rpc(AlreadyExists, Aborted) as rpc:
            rpc.version = await self._write(wire.creation(await self._path(name), document))
        return rpc.version

    async def replace(self, name: str, document: Mapping[str, Any], version: Any) -> Any:
        """Updates the fields of the document if it still has that version. Returns the new version, or None if another
        write was first.
        """
        async with _rpc(FailedPrecondition, NotFound, Aborted) as rpc:
            rpc.version = await self._write(wire.replacement(await self._path(name), document, version))
        return rpc.version

    async def get(self, name: str) -> Snapshot | None:
        """The document, or None."""
        found = await self.get_all([name])
        return found[0] if found else None

    async def get_all(self, names: Sequence[str]) -> list[Snapshot]:
        """The documents that exist, in one RPC."""
        async with _rpc():
            client = await self._connected()
            request = {"database": client._database_string, "documents": [await self._path(name) for name in names]}
            answers = await client._firestore_api.batch_get_documents(request, metadata=client._rpc_metadata)
            return await _snapshots(answers)

    async def find(
        self, conditions: Sequence[Condition], after: str | None, limit: int, fields: Sequence[str] = ()
    ) -> list[Snapshot]:
        """At most `limit` documents that meet the conditions, ordered by name, after the name `after`. With `fields`,
        only those fields are read.
        """
        async with _rpc():
            query = (await self._collection()).order_by(ID).limit(limit)
            for each in conditions:
                query = query.where(filter=FieldFilter(each.field, each.operator, each.value))
            if fields:
                query = query.select(fields)
            if after:
                query = query.start_after({ID: after})
            client, (request, *_) = await self._connected(), query._prep_stream()
            return await _snapshots(await client._firestore_api.run_query(request, metadata=client._rpc_metadata))

    async def _path(self, name: str) -> str:
        return f"{(await self._connected())._database_string}/documents/{self._name}/{name}"

    async def _write(self, write: Any) -> Any:
        """Commits one write with the library's client, and returns the document's new version."""
        client = await self._connected()
        request = wire.commit(client._database_string, write)
        answer = await client._firestore_api.commit(request, metadata=client._rpc_metadata)
        return wire.version_after(answer)

    async def _collection(self) -> AsyncCollectionReference:
        return (await self._connected()).collection(self._name)

    async def _connected(self) -> AsyncClient:
        """The client, created on first use: it does not survive the server's fork."""
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
    """The version of the document after one write, or None if another write was first."""

    version: Any = None


async def _snapshots(answers: AsyncIterable[Any]) -> list[Snapshot]:
    found = [wire.found(each) async for each in answers]
    return [_snapshot(*each) for each in found if each]


def _snapshot(document: Any, read_at: Any) -> Snapshot:
    return Snapshot(
        id=document.name.rpartition("/")[2],
        document=wire.document_of(document.fields),
        version=wire.version_of(document),
        read_at=wire.time_of(read_at),
    )


def plain(at: datetime) -> datetime:
    """A time as Python's datetime: other files must not see Firestore's subclass."""
    return datetime.combine(at.date(), at.time(), UTC)


@asynccontextmanager
async def _rpc(*races: type[GoogleAPIError]) -> AsyncIterator[_Write]:
    """Limits one call to ten seconds and converts its errors. Firestore's texts are left out: they can quote the
    refused data. `races` are the errors of a write that lost against another one.
    """
    try:
        async with asyncio.timeout(RPC_SECONDS):
            yield _Write()
    except races:
        return
    except (TimeoutError, GoogleAPIError, GoogleAuthError) as error:
        # Only on a write the document is the cause. On a read it is, for example, a wrong database name.
        if races and isinstance(error, InvalidArgument):
            raise UnstorableOrder("Firestore refuses the document (INVALID_ARGUMENT)") from error
        raise StoreUnavailable(f"Firestore did not answer: {type(error).__name__}") from error

"""The naive subscriber: reads and writes the order in a transaction."""

import base64
import json
import os
from typing import Any

import functions_framework.aio
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncTransaction, async_transactional
from starlette.requests import Request
from starlette.responses import Response

_clients: list[AsyncClient] = []


@functions_framework.aio.http
async def transaction(request: Request) -> Response:
    """Adds the event to its order's document."""
    if not _clients:
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        _clients.append(AsyncClient(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=credentials))
    event = json.loads(base64.b64decode(json.loads(await request.body())["message"]["data"]))
    reference = _clients[0].collection("naive").document(event["data"]["object"]["id"])
    await _add_event(_clients[0].transaction(), reference, event)
    return Response(status_code=204)


@async_transactional
async def _add_event(transaction: AsyncTransaction, reference: AsyncDocumentReference, event: Any) -> None:
    known = (await reference.get(transaction=transaction)).to_dict() or {"events": {}}
    of = event["data"]["object"]
    fields = ("amount_total", "currency", "customer_details", "collected_information", "metadata", "payment_status")
    document = {name: of[name] for name in fields} | {"id": of["id"]}
    events = known["events"] | {event["id"]: event["type"]}
    transaction.set(reference, document | {"events": events})

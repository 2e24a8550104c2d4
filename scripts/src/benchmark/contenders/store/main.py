"""The limit of a subscriber: one bare Firestore call per push, without any order."""

import base64
import json
import os

import functions_framework.aio
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient
from starlette.requests import Request
from starlette.responses import Response

_clients: list[AsyncClient] = []


@functions_framework.aio.http
async def store(request: Request) -> Response:
    """Creates a document of the event's size."""
    if not _clients:
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        _clients.append(AsyncClient(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=credentials))
    event = json.loads(base64.b64decode(json.loads(await request.body())["message"]["data"]))
    of = event["data"]["object"]
    fields = ("amount_total", "currency", "customer_details", "collected_information", "metadata", "payment_status")
    document = {name: of[name] for name in fields} | {"id": of["id"], "events": {event["id"]: event["type"]}}
    await _clients[0].collection("bare").document(of["id"]).create(document)
    return Response(status_code=204)

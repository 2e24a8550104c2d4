"""The limit: a function that only reads the body and answers, on the same server as the product."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import PlainTextResponse


@functions_framework.aio.http
async def bare(request: Request) -> PlainTextResponse:
    """Does nothing, as fast as the framework can."""
    await request.body()
    return PlainTextResponse("ok\n")

"""Google's credentials. The search runs on a thread: it may wait for a metadata server that does not answer."""

import asyncio
import functools

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def load() -> None:
    """Imports what the first token on Google Cloud needs. Called at start: a warm instance has it before its first
    request, which would wait for it.
    """
    import google.auth.compute_engine  # noqa: PLC0415 - an emulator needs none of it
    import google.auth.transport.grpc  # noqa: PLC0415
    import google.auth.transport.requests  # noqa: PLC0415, F401


async def find(*, emulated: bool) -> Credentials:
    """The application default credentials, cached. For an emulator they are anonymous."""
    if emulated:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    return await asyncio.to_thread(_default)


@functools.cache
def _default() -> Credentials:
    credentials, _project = google.auth.default(scopes=_SCOPES)
    return credentials

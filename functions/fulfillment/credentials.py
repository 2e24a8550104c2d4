"""Google's credentials. The search runs on a thread: it may wait for a metadata server that does not answer."""

import asyncio
import functools

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


async def find(*, emulated: bool) -> Credentials:
    """The application default credentials, cached. For an emulator they are anonymous."""
    if emulated:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    return await asyncio.to_thread(_default)


@functools.cache
def _default() -> Credentials:
    credentials, _project = google.auth.default(scopes=_SCOPES)
    return credentials

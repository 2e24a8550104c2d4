"""Reads the objects of a bucket of Cloud Storage.

Every method may raise Refused, or Missing if the bucket or the object does not exist.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from google.api_core.exceptions import from_http_response as error_of

from ops.clients.google_api import SECONDS, GoogleApi, calling

STORAGE = "https://storage.googleapis.com"
CHUNK = 1 << 20


class CloudStorage:
    """One bucket. An object is read piece by piece into a file: its connection never waits for what reads it."""

    def __init__(self, api: GoogleApi, bucket: str) -> None:
        self._api, self._retry = api, api.options["retry"]
        self._objects = f"{api.base or STORAGE}/storage/v1/b/{quote(bucket, safe='')}/o"

    def names(self, prefix: str, start: str, end: str) -> Iterator[str]:
        """The names of the objects with the prefix, from `start` until before `end`, in their order."""
        asked = {"prefix": prefix, "startOffset": start, "endOffset": end, "fields": "items/name,nextPageToken"}
        token: str | None = ""
        while token is not None:
            with calling():
                page = self._retry(self._page)(asked | ({"pageToken": token} if token else {}))
                names = [str(each["name"]) for each in page.get("items", [])]
            yield from names
            token = page.get("nextPageToken")

    def download(self, name: str, into: BinaryIO) -> None:
        """Replaces the content of a file by the object's, and goes back to its beginning."""
        with calling():
            self._retry(self._download)(f"{self._objects}/{quote(name, safe='')}", into)

    def _page(self, asked: dict[str, str]) -> Any:
        answer = self._api.session.get(self._objects, params=asked, timeout=SECONDS)
        if answer.status_code != 200:
            raise error_of(answer)  # type: ignore[no-untyped-call]
        return answer.json()

    def _download(self, url: str, into: BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        with self._api.session.get(url, params={"alt": "media"}, stream=True, timeout=SECONDS) as answer:
            if answer.status_code != 200:
                raise error_of(answer)  # type: ignore[no-untyped-call]
            into.writelines(answer.iter_content(CHUNK))
        into.seek(0)

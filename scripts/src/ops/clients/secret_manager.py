"""Reads secrets in Secret Manager, and stores signing secrets.

Every method may raise Refused, or Missing if the secret does not exist.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import BadRequest
from google.cloud import secretmanager_v1

from ops.clients.google_api import GoogleApi, calling, policy_of
from ops.clients.google_resources import Policy
from ops.clients.signing_secrets import SigningSecrets
from ops.errors import Missing, Refused

NEEDED = frozenset(
    f"secretmanager.{each}" for each in ("secrets.get", "secrets.update", "versions.access", "versions.add")
)


class SecretManager:
    """The secrets of one project."""

    def __init__(self, api: GoogleApi) -> None:
        self._api = api

    def latest(self, name: str) -> tuple[str, int]:
        """The secret's version `latest`, which the functions read, and its number."""
        return self._version(name, "latest")

    def earlier(self, name: str, before: int) -> Iterator[tuple[int, str | None]]:
        """The versions before one, newest first; None for a disabled or destroyed one."""
        for number in range(before - 1, 0, -1):
            try:
                yield number, self._version(name, str(number))[0]
            except (Refused, Missing):
                yield number, None

    def policy(self, name: str) -> Policy:
        """The IAM policy of a secret."""
        request = {"resource": self._api.path("secrets", name)}
        with calling():
            return policy_of(self._client.get_iam_policy(request=request, **self._api.options))

    def signing_secrets(self, name: str) -> SigningSecrets:
        """The signing secrets in the webhook's secret, and the endpoint of each."""
        with calling():
            found = self._client.get_secret(name=self._api.path("secrets", name), **self._api.options)
            noted = {each: mark for each, mark in found.annotations.items() if each.startswith(("we_", "ed_"))}
        text, version = self._newest(name)
        try:
            return SigningSecrets.parse(text, noted, version)
        except ValueError as error:
            problem = f"the newest version of the secret {name} {error}"
            raise Refused(f"{problem}. Add the last good one again: docs/operations.md#stale-secret") from None

    def assert_may_store(self, name: str) -> None:
        """Raises Refused, with the missing permissions, if the caller may not store signing secrets."""
        request = {"resource": self._api.path("secrets", name), "permissions": sorted(NEEDED)}
        with calling():
            granted = self._client.test_iam_permissions(request=request, **self._api.options).permissions
        if lacking := NEEDED - set(granted):
            raise Refused(
                f"you lack {', '.join(sorted(lacking))} on the secret {name}: ask for roles/secretmanager.admin on it"
            )

    def store(self, name: str, before: SigningSecrets, after: SigningSecrets) -> SigningSecrets:
        """Stores `after`: first a new version, then the notes of its endpoints. No old version is disabled.

        Refused if another version was added since `before` was read: its signing secrets would be lost.
        """
        path = self._api.path("secrets", name)
        if after.text != before.text:
            if self._newest(name)[1] > before.version:
                raise Refused("another signing secret was stored in the meantime: run this again")
            payload = secretmanager_v1.SecretPayload(data=after.text.encode())
            with calling():
                added = self._client.add_secret_version(parent=path, payload=payload, **self._api.options)
                after = dataclasses.replace(after, version=_number(added.name))
        if after.noted != before.noted:
            with calling():
                self._note(path, before, after)
        return after

    def _note(self, path: str, before: SigningSecrets, after: SigningSecrets) -> None:
        """Notes the endpoint of each secret. Notes that others write at the same time stay."""
        found = self._client.get_secret(name=path, **self._api.options)
        gone = before.noted.keys() - after.noted.keys()
        kept = {each: mark for each, mark in found.annotations.items() if each not in gone}
        found.annotations = {**kept, **dict(after.noted.items() - before.noted.items())}
        request = {"secret": found, "update_mask": {"paths": ["annotations"]}}
        self._client.update_secret(request=request, **self._api.options)

    def _newest(self, name: str) -> tuple[str, int]:
        """The newest version of a secret, and its number. `latest` may lag by minutes after a version was added; Google
        promises only that the number works at once.
        """
        text, number = self._version(name, "latest")
        with contextlib.suppress(Missing):
            while True:
                text, number = self._version(name, str(number + 1))
        return text, number

    def _version(self, name: str, version: str) -> tuple[str, int]:
        """A version of a secret, and its number."""
        resource = f"{self._api.path('secrets', name)}/versions/{version}"
        with calling():
            try:
                found = self._client.access_secret_version(name=resource, **self._api.options)
            except BadRequest:
                raise Refused(f"the newest version of the secret {name} is disabled or destroyed: enable it") from None
            return str(found.payload.data.decode()), _number(found.name)

    @functools.cached_property
    def _client(self) -> Any:
        return self._api.client(secretmanager_v1.SecretManagerServiceClient)


def _number(version: str) -> int:
    """The number in the full name of a secret's version."""
    return int(version.rpartition("/")[2])

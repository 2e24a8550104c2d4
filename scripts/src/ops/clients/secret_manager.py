"""Secrets in Secret Manager are read, and signing secrets are stored.

Every method may raise Refused, or Missing if what is asked for does not exist.
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
        """What `latest` is of a secret, which is what the functions see, and its number."""
        return self._version(name, "latest")

    def earlier(self, name: str, before: int) -> Iterator[tuple[int, str | None]]:
        """The versions before one, the newest first; None for what is disabled or destroyed."""
        for number in range(before - 1, 0, -1):
            try:
                yield number, self._version(name, str(number))[0]
            except (Refused, Missing):
                yield number, None

    def policy(self, name: str) -> Policy:
        """Who may do what with a secret."""
        request = {"resource": self._api.path("secrets", name)}
        with calling():
            return policy_of(self._client.get_iam_policy(request=request, **self._api.options))

    def signing_secrets(self, name: str) -> SigningSecrets:
        """What the secret of the webhook holds, and whose its signing secrets are."""
        with calling():
            found = self._client.get_secret(name=self._api.path("secrets", name), **self._api.options)
            noted = {each: mark for each, mark in found.annotations.items() if each.startswith("we_")}
        text, version = self._newest(name)
        try:
            return SigningSecrets.parse(text, noted, version)
        except ValueError as error:
            problem = f"the newest version of the secret {name} {error}"
            raise Refused(f"{problem}. Add the last good one again: docs/operations.md#stale-secret") from None

    def assert_may_store(self, name: str) -> None:
        """Refused, with what is lacking, if we may not store signing secrets."""
        request = {"resource": self._api.path("secrets", name), "permissions": sorted(NEEDED)}
        with calling():
            granted = self._client.test_iam_permissions(request=request, **self._api.options).permissions
        if lacking := NEEDED - set(granted):
            raise Refused(
                f"you lack {', '.join(sorted(lacking))} on the secret {name}: ask for roles/secretmanager.admin on it"
            )

    def store(self, name: str, before: SigningSecrets, after: SigningSecrets) -> SigningSecrets:
        """Makes `after` what the secret holds: a new version first, then whose they are. No old one is disabled.

        Refused if somebody has added a version since `before` was read: their secrets would not be in force any more.
        """
        path = self._api.path("secrets", name)
        if after.text != before.text:
            if self._newest(name)[1] > before.version:
                raise Refused("somebody else has stored a signing secret meanwhile: run this again")
            payload = secretmanager_v1.SecretPayload(data=after.text.encode())
            with calling():
                added = self._client.add_secret_version(parent=path, payload=payload, **self._api.options)
                after = dataclasses.replace(after, version=_number(added.name))
        if after.noted != before.noted:
            with calling():
                self._note(path, before, after)
        return after

    def _note(self, path: str, before: SigningSecrets, after: SigningSecrets) -> None:
        """Notes whose the secrets are, and leaves what others have noted, though they do it at the same time."""
        found = self._client.get_secret(name=path, **self._api.options)
        gone = before.noted.keys() - after.noted.keys()
        kept = {each: mark for each, mark in found.annotations.items() if each not in gone}
        found.annotations = {**kept, **dict(after.noted.items() - before.noted.items())}
        request = {"secret": found, "update_mask": {"paths": ["annotations"]}}
        self._client.update_secret(request=request, **self._api.options)

    def _newest(self, name: str) -> tuple[str, int]:
        """The newest version of a secret, and its number. After a version was added, `latest` may stay the one before
        for minutes; Google promises only that the number is known at once.
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

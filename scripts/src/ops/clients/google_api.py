"""How Google's REST APIs are called here: credentials, limits, errors.

Tests and production both use REST; `base` is the URL of a stand-in of all APIs, on loopback.
"""

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any

import google.auth
from google.api_core.exceptions import Conflict, Forbidden, GoogleAPICallError, NotFound, RetryError
from google.api_core.gapic_v1.client_info import ClientInfo
from google.api_core.retry import Retry, if_transient_error
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials as UserCredentials

from fulfillment.version import USER_AGENT
from ops.clients import credentials
from ops.clients.google_resources import Policy
from ops.errors import Missing, Refused

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SECONDS = 20  # one request


class GoogleApi:
    """The APIs of one project. `seconds` limits one call with all its retries."""

    def __init__(self, project: str, base: str | None = None, seconds: float = 10) -> None:
        self.project, self.base = project, base
        retry = Retry(if_transient_error, initial=0.2, maximum=2, timeout=seconds)
        self.options: Any = {"retry": retry, "timeout": SECONDS}

    @functools.cached_property
    def credentials(self) -> Credentials:
        """The application default credentials. A person's own credentials need a quota project."""
        if self.base:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        found, _project = google.auth.default(scopes=SCOPES)
        if isinstance(found, UserCredentials) and not found.quota_project_id:
            return found.with_quota_project(self.project)  # type: ignore[no-any-return]
        return found

    @functools.cached_property
    def session(self) -> AuthorizedSession:
        """A session for an API that has no client of its own here."""
        return _NamedSession(self.credentials)

    def client(self, kind: Any) -> Any:
        """A client of one API."""
        where = {"host": self.base.removeprefix("http://"), "url_scheme": "http"} if self.base else {}
        caller = ClientInfo(grpc_version=None, user_agent=USER_AGENT)  # type: ignore[no-untyped-call]
        who = {"credentials": self.credentials, "client_info": caller}
        return kind(transport=kind.get_transport_class("rest")(**who, **where))

    def path(self, kind: str, name: str) -> str:
        """The full name of a resource of the project."""
        return f"projects/{self.project}/{kind}/{name}"


class _NamedSession(AuthorizedSession):
    """Names the caller in every request."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)  # type: ignore[no-untyped-call]
        self.headers["User-Agent"] = USER_AGENT


def policy_of(found: Any) -> Policy:
    """The IAM policy in an API's answer."""
    grants = [(each, (each.role, member)) for each in found.bindings for member in each.members]
    return Policy(
        grants=frozenset(grant for _, grant in grants),
        unconditional=frozenset(grant for binding, grant in grants if not binding.condition.expression),
    )


@contextlib.contextmanager
def calling() -> Iterator[None]:
    """Turns every error into Refused or Missing. Of Google's message only permissions are kept: the rest may name a
    person.
    """
    try:
        yield
    except Refused:
        raise
    except NotFound:
        raise Missing("it does not exist") from None
    except Forbidden as error:
        named = sorted(set(re.findall(r"(?<![\w@.-])[a-z]+\.[A-Za-z]+\.[A-Za-z]+\b(?!\.)", error.message)))
        lacking = f": you lack {', '.join(named)}" if named else ""
        raise Refused(f"Google does not let you{lacking}") from None
    except Conflict:
        raise Refused("another change of it is in progress: run this again") from None
    except GoogleAPICallError as error:
        raise Refused(f"Google answered {error.code}: {type(error).__name__}") from None
    except GoogleAuthError:
        raise Refused(credentials.UNKNOWN) from None
    except RetryError:
        raise Refused("Google did not answer in time") from None
    except Exception as error:  # noqa: BLE001 - the libraries raise any kind of error for an odd answer
        raise Refused(f"Google's answer is missing or unreadable: {type(error).__name__}") from None

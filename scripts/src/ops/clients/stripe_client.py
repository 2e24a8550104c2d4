"""How Stripe's library is called: limits, the caller's name, and errors."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stripe import APIConnectionError, RequestsClient, StripeClient, StripeError

from fulfillment.domain.shape import ShapeError
from fulfillment.stripe_api import name_caller
from ops.clients.access import StripeAccess
from ops.errors import Forbidden, Missing, Refused

SECONDS = 20
PAGE = 100
TRIES = 2  # retries with the same idempotency key: a create whose answer was lost is not repeated; a 500 stays a 500


def connect(access: StripeAccess) -> StripeClient:
    """Stripe's own client, with limits."""
    http = _NamedClient(timeout=SECONDS)
    return StripeClient(access.key, base_addresses={"api": access.base}, http_client=http, max_network_retries=TRIES)


class _NamedClient(RequestsClient):
    """Names the caller in every request."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **options: Any
    ) -> Any:
        return super().request(method, url, name_caller(headers or {}), post_data, **options)


@contextlib.contextmanager
def calling(advice: Mapping[int, str]) -> Iterator[None]:
    """Turns every error into Refused or Missing. Of Stripe's message only codes are kept: the rest can quote a key.
    `advice` says what to do, by status.
    """
    try:
        yield
    except APIConnectionError as error:
        raise Refused(f"Stripe cannot be reached: {type(error.__cause__).__name__}") from None
    except StripeError as error:
        kind = _KINDS.get(error.http_status or 0, Refused)
        raise kind(_message(error, advice)) from None
    except ShapeError as error:
        raise Refused(f"Stripe's answer cannot be read: {error}") from None
    except Exception as error:  # noqa: BLE001 - the library raises any kind of error for an odd answer
        raise Refused(f"Stripe's answer cannot be read: {type(error).__name__}") from None


_KINDS: Mapping[int, type[Refused]] = {403: Forbidden, 404: Missing}


def _message(error: StripeError, advice: Mapping[int, str]) -> str:
    status = error.http_status or 0
    codes: Any = (error.code, getattr(error, "param", None), error.request_id)
    shown = ", ".join(str(each) for each in codes if each)
    failure = "an error at Stripe. The request may have succeeded all the same: run this again, that is safe"
    unknown = failure if status >= 500 else "an answer that cannot be read"
    permission = re.search(r"'(rak_\w+)'", error.user_message or "")
    named = f" (Stripe calls it {permission[1]})" if status == 403 and permission else ""
    return f"Stripe answered {status}{f' ({shown})' if shown else ''}: {advice.get(status, unknown)}{named}"

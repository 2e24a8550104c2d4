"""The class of an error of Stripe's API says whether other requests may succeed."""

import json

import pytest
import stripe
from stripe import APIConnectionError, APIError, AuthenticationError, InvalidRequestError, RateLimitError

from fulfillment.domain.shape import ShapeError
from fulfillment.errors import StripeRefused, StripeUnavailable, StripeUnreadable
from fulfillment.stripe_errors import kind_of

REFUSED = {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
SILENT = [
    TimeoutError(),
    APIConnectionError("no route"),  # type: ignore[no-untyped-call]
    RateLimitError("slow down", http_status=429),
    APIError("down", http_status=503),
    AuthenticationError("no such key", http_status=401),
]
UNREADABLE = [
    ShapeError("data", "is no list"),
    json.JSONDecodeError("not JSON", "<html>", 0),
    APIError("no JSON", http_status=200),
    InvalidRequestError("a proxy's page", None, http_status=404),  # type: ignore[no-untyped-call]
    stripe.PermissionError("a proxy's page", http_status=403),
    KeyError("type"),
    None,
]


@pytest.mark.parametrize("error", SILENT, ids=repr)
def test_without_an_answer_or_with_an_unknown_key_no_request_succeeds(error: Exception) -> None:
    assert kind_of(error) is StripeUnavailable


@pytest.mark.parametrize("error", UNREADABLE, ids=repr)
def test_an_answer_that_cannot_be_read_is_of_this_request_alone(error: Exception | None) -> None:
    assert kind_of(error) is StripeUnreadable


def test_a_refusal_of_stripes_own_is_of_this_request_alone() -> None:
    error: Exception = InvalidRequestError("no refund", None, http_status=404, json_body=REFUSED)  # type: ignore[no-untyped-call]
    assert kind_of(error) is StripeRefused

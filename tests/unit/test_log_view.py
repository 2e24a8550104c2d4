"""How scripts/dev shows a log line."""

import json
from typing import Any

import pytest

from local.programs.log_view import fulfilled, readable

LIBRARY = "httpx/_client.py:914 send"
PRODUCT = "stripe_events/endpoint.py:80 _call"


def shown(**fields: Any) -> str:
    record = {"severity": "WARNING", "message": "on_invoice_paid raised KeyError", "outcome": "retry"} | fields
    text = readable("on_stripe_event", json.dumps(record))
    assert text
    return text.plain


@pytest.mark.parametrize("place", ["handlers/__init__.py:7 on_invoice_paid", "handlers/examples.py:26 on_invoice_paid"])
def test_an_error_is_shown_with_its_last_place_in_a_file_of_the_users(place: str) -> None:
    stack = [PRODUCT, "effects/hook.py:60 _run", "handlers/__init__.py:3 outer", place, LIBRARY]
    assert f"  at {place}  " in shown(stack=stack)
    assert shown(stack=stack).count("  at ") == 1


def test_a_place_in_hooks_py_is_shown_too() -> None:
    assert "  at functions/hooks.py:12 fulfill" in shown(stack=[PRODUCT, "functions/hooks.py:12 fulfill"])


@pytest.mark.parametrize("fields", [{}, {"stack": []}, {"stack": [PRODUCT, LIBRARY, "functions/main.py:9 serve"]}])
def test_without_a_place_of_the_users_nothing_is_added(fields: dict[str, Any]) -> None:
    assert " at " not in shown(**fields)


@pytest.mark.parametrize(
    ("effects", "session"),
    [({"fulfill": "done"}, "cs_test_a1"), ({"fulfill": "retry: ValueError"}, None), ({"access_changed": "done"}, None)],
)
def test_only_the_delivery_that_fulfills_an_order_is_known_as_such(effects: dict[str, str], session: str) -> None:
    assert fulfilled(json.dumps({"session": "cs_test_a1", "effects": effects})) == session
    assert fulfilled("no record") is None

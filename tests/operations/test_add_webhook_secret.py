"""`scripts/ops add-webhook-secret`: the secrets in force, and whose they are, before and after."""

import json

import pytest
from click.testing import CliRunner

from ops.cli import ops
from ops.clients.signing_secrets import fingerprint
from support.google_stand_in import Version
from support.operators import Operator

NEW = "whsec_rolled0123456789abcdef"
THIRD = "whsec_third0123456789abcdef00"


def endpoint_of(operator: Operator) -> str:
    (endpoint,) = operator.stripe.endpoints
    return endpoint


def test_a_roll_keeps_both_until_the_old_one_is_dropped(registered: Operator) -> None:
    (old,) = registered.secrets
    assert registered.runs("add-webhook-secret", stdin=f"{NEW}\n").exit_code == 0
    assert registered.secrets == [old, NEW]
    assert registered.notes == {endpoint_of(registered): fingerprint(NEW)}
    assert registered.runs("add-webhook-secret", "--drop-others", "--yes", stdin=NEW).exit_code == 0
    assert registered.secrets == [NEW]
    assert registered.reports("register-webhook")["steps"] == []


def test_one_that_is_there_already_changes_nothing(registered: Operator) -> None:
    registered.runs("add-webhook-secret", stdin=registered.secrets[0])
    assert not [call for call in registered.google.calls if ":addVersion" in call or call.startswith("PATCH")]


def test_the_first_one_takes_the_place_of_the_placeholder(operator: Operator) -> None:
    assert operator.runs("add-webhook-secret", stdin=NEW).exit_code == 0
    assert (operator.secrets, operator.notes) == ([NEW], {})


def test_whose_it_is_must_be_said_where_there_are_two(registered: Operator) -> None:
    registered.runs("register-webhook", "--api-version", "2027-03-31.next")
    first, second = registered.stripe.endpoints
    before = registered.secrets
    result = registered.runs("add-webhook-secret", stdin=NEW)
    assert result.exit_code == 2
    assert first in result.stderr
    assert second in result.stderr
    assert registered.secrets == before
    registered.runs("add-webhook-secret", "--endpoint", first, "--drop-others", "--yes", stdin=NEW)
    assert sorted(registered.secrets) == sorted([NEW, registered.stripe.endpoint_secrets[second]])


def test_what_was_stored_just_now_stays_in_force_though_latest_does_not_know_it_yet(registered: Operator) -> None:
    """Google: after an addition only its number is known at once; an alias, such as `latest`, follows later."""
    before = registered.secrets
    registered.google.lag = 1
    assert registered.runs("add-webhook-secret", stdin=NEW).exit_code == 0
    assert registered.secrets == [*before, NEW]
    assert registered.reports("register-webhook")["steps"] == []


def test_what_another_operator_stores_while_one_is_typed_stays_in_force(registered: Operator) -> None:
    def another_operator(call: str) -> None:
        if ":testIamPermissions" in call:
            registered.google.versions["projects/acme-shop/secrets/checkout-webhook-secrets"].append(
                Version("\n".join([*before, THIRD]).encode())
            )

    before = registered.secrets
    registered.google.before = another_operator
    result = registered.runs("add-webhook-secret", stdin=NEW)
    assert (result.exit_code, registered.secrets) == (1, [*before, THIRD])
    assert "run this again" in result.stderr


def test_dropping_asks_first(registered: Operator) -> None:
    result = registered.runs("add-webhook-secret", "--drop-others", stdin=NEW)
    assert result.exit_code == 2
    assert NEW not in registered.secrets


@pytest.mark.parametrize(
    "text", ["", "whsec_short", f"{NEW} {THIRD}", "sk_test_0123456789abcdef", "whsec_unregistered12345678"]
)
def test_what_is_no_signing_secret_is_refused(operator: Operator, text: str) -> None:
    before = operator.secrets
    assert operator.runs("add-webhook-secret", stdin=text).exit_code == 2
    assert operator.secrets == before


@pytest.mark.parametrize("foreign", ["\u200b", "\ufeff", "\xa0", "\uff41"], ids=ascii)
def test_a_foreign_character_is_named_by_its_place_and_the_secret_is_not_shown(
    operator: Operator, foreign: str
) -> None:
    before = operator.secrets
    result = operator.runs("add-webhook-secret", stdin=f"{NEW}{foreign}\n")
    assert (result.exit_code, operator.secrets) == (2, before)
    assert f"as character {len(NEW) + 1} of {len(NEW) + 1}: copy it again" in result.stderr
    assert NEW[6:12] not in result.output


def test_two_secrets_at_once_are_refused_with_the_reason(operator: Operator) -> None:
    for between in (" ", ",", ";", "\n"):
        result = operator.runs("add-webhook-secret", stdin=f"{NEW}{between}{THIRD}")
        assert (result.exit_code, "and 2 were given" in result.stderr) == (2, True)


def test_bytes_that_are_no_text_are_refused(operator: Operator) -> None:
    result = CliRunner().invoke(ops, ["add-webhook-secret"], input=NEW.encode("utf-16"), env=operator.env)
    assert (result.exit_code, "is not UTF-8" in result.stderr) == (2, True)


def test_a_secret_that_is_given_as_an_argument_is_refused_and_not_repeated(operator: Operator) -> None:
    result = operator.runs("add-webhook-secret", NEW, "--json")
    assert result.exit_code == 2
    assert "as an argument" in result.stderr
    assert json.loads(result.stdout)["ok"] is False
    assert operator.google.calls == []


def test_the_secret_of_a_destination_is_noted_as_its_own(operator: Operator) -> None:
    destination = "ed_test_61RM8ltWcTW4mbsxf16RJyfa2xSQLHJJh1sxm7H0KVT6"
    assert operator.runs("add-webhook-secret", "--endpoint", destination, stdin=NEW).exit_code == 0
    assert operator.notes == {destination: fingerprint(NEW)}
    assert operator.runs("add-webhook-secret", "--endpoint", destination, stdin=THIRD).exit_code == 0
    assert (operator.secrets, operator.notes) == ([NEW, THIRD], {destination: fingerprint(THIRD)})
    assert operator.runs("add-webhook-secret", "--drop-others", "--yes", stdin=THIRD).exit_code == 0
    assert operator.secrets == [THIRD]


def test_an_endpoint_must_be_one(operator: Operator) -> None:
    assert operator.runs("add-webhook-secret", "--endpoint", "ep_1", stdin=NEW).exit_code == 2

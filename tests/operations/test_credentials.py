"""An operator who has not logged in to Google is told how, by every command in the same words."""

import pytest

from support.operators import Operator

LOGIN = "gcloud auth application-default login"
COMMANDS = [
    ["orders", "list"],
    ["orders", "show", "cs_test_a"],
    ["orders", "retry", "cs_test_a", "--yes"],
    ["export"],
    ["erase", "cs_test_a"],
    ["reconcile", "--since", "1d"],
    ["dead-letters", "list"],
    ["register-webhook", "--dry-run"],
]


@pytest.fixture
def stranger(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator who has a deployment and no credentials."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    operator.env |= {"GOOGLE_API_BASE": None, "PUBSUB_EMULATOR_HOST": None, "FIRESTORE_EMULATOR_HOST": None}
    return operator


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_how_to_log_in(stranger: Operator, command: list[str]) -> None:
    told = stranger.runs(*command)
    assert told.exit_code == 1
    assert f"Google does not know you: {LOGIN}" in told.stderr
    assert "Firestore did not answer" not in told.output


def test_a_machine_is_told_the_same(stranger: Operator) -> None:
    assert LOGIN in stranger.reports("orders", "list")["error"]


def test_the_doctor_says_of_each_thing_once_that_it_could_not_look(stranger: Operator) -> None:
    told = stranger.reports("doctor")
    subjects = [each["subject"] for each in told["checks"] if each["check"] == "read"]
    assert "secret checkout-webhook-secrets" in subjects
    assert "subscription checkout-completed" in subjects
    assert sorted(subjects) == sorted(set(subjects))

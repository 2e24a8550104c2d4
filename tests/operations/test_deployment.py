"""What was deployed, from a file or from terraform."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ops.deployment.model import Deployment
from ops.deployment.terraform_output import load, parse
from ops.errors import WrongSettings
from support.deployments import told


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terraform that runs what is written into it."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program = tmp_path / "terraform"
    program.touch(0o755)
    return program


def wrong(text: str) -> str:
    with pytest.raises(WrongSettings) as caught:
        parse(text, "deployment.json")
    return str(caught.value)


def test_a_file_tells_it(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(told(name="shop")))
    deployment = load(file)
    assert isinstance(deployment, Deployment)
    assert (deployment.id, deployment.mode) == ("acme-shop/shop", "test")
    assert deployment.pubsub_agent == "service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
    assert deployment.subscribers["on_async_payment_failed"].function == "checkout-failed"


def test_terraform_tells_it_when_no_file_is_given(terraform: Path) -> None:
    said = "-chdir=terraform output -json deployment"
    terraform.write_text(f"#!/bin/sh\n[ \"$*\" = '{said}' ] && cat <<'E'\n{json.dumps(told())}\nE\n")
    assert load(None) == parse(json.dumps(told()), "")


def test_a_terraform_that_knows_none_is_said_with_what_to_run(terraform: Path) -> None:
    terraform.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(WrongSettings, match="terraform -chdir=terraform output -json deployment"):
        load(None)


def test_without_terraform_and_file_it_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WrongSettings, match="output -json deployment > deployment.json"):
        load(None)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    assert "is not JSON" in wrong(text)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"livemode": "true"}, "livemode"),
        ({"topics": {"events": "checkout-events"}}, "topics.dead_letter"),
        ({"webhook": None}, "webhook"),
        ({"subscribers": {}}, "on_async_payment_failed"),
        ({"project_number": 123}, "project_number"),
        ({"secrets": {}}, "secrets.webhook"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], path: str) -> None:
    assert path in wrong(json.dumps(told(**changes)))


def test_a_subscriber_of_another_type_is_refused() -> None:
    subscribers = told()["subscribers"]
    subscribers["on_async_payment_failed"]["event_type"] = "checkout.session.completed"
    assert "subscribers" in wrong(json.dumps(told(subscribers=subscribers)))

"""An operator who runs `scripts/ops`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from local.fakes.stripe_stand_in import StripeStandIn
from ops.cli import ops
from support.deployments import told
from support.google_stand_in import GoogleStandIn

KEY = "rk_test_0123456789abcdef"


@dataclass
class Operator:
    """A person with a deployment, a key and a shell."""

    folder: Path
    env: dict[str, str | None]
    google: GoogleStandIn
    stripe: StripeStandIn

    def runs(self, *args: str, stdin: str = "", **env: str | None) -> Result:
        """Runs a command. Its output never has a secret in it."""
        result = CliRunner().invoke(ops, args, input=stdin, env=self.env | env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        secrets = {"whsec_", KEY, stdin.strip() or "whsec_", "hunter22", "owner@acme.example"}
        assert not [each for each in secrets if each in result.output.replace("whsec_…", "").replace("`whsec_`", "")]
        return result

    def reports(self, *args: str, **env: str | None) -> Any:
        """What a command says to a machine."""
        return json.loads(self.runs(*args, "--json", stdin="", **env).stdout)

    def has(self, **changes: Any) -> None:
        """Changes the deployment."""
        (self.folder / "deployment.json").write_text(json.dumps(told(**changes)))

    @property
    def secrets(self) -> list[str]:
        """The signing secrets in force."""
        return self.google.latest("checkout-webhook-secrets").split()

    @property
    def notes(self) -> dict[str, str]:
        """The annotations of their secret."""
        return dict(self.google.resources["projects/acme-shop/secrets/checkout-webhook-secrets"].annotations)

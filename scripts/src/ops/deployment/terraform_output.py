"""What was deployed: Terraform's output `deployment`, read strictly."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from fulfillment.domain.event_types import AFTER_SALE, EXPIRED, OLD_REFUNDS, ON_EXPIRED, SUBSCRIBERS
from fulfillment.domain.shape import ShapeError, read
from ops.deployment.model import Deployment
from ops.errors import WrongSettings

APPLY = "terraform -chdir=terraform apply"
COMMAND = ("terraform", "-chdir=terraform", "output", "-json", "deployment")
ROOT = Path(__file__).parents[4]
SECONDS = 120  # the state may be far away


def load(file: Path | None) -> Deployment:
    """The deployment in a file, or by default in Terraform's state. WrongSettings says what to run."""
    return parse(_read(file), str(file or "terraform's output"))


def parse(text: str, source: str) -> Deployment:
    """The deployment in a JSON text; WrongSettings names the `source` and the path of the wrong value."""
    try:
        deployment: Deployment = read(Deployment, json.loads(text))
    except ShapeError as error:
        problem = f"{error}. Was it made by this version? Run: {APPLY}"
        raise WrongSettings(f"The deployment in {source} cannot be read: {problem}") from None
    except (ValueError, RecursionError):
        raise WrongSettings(f"The deployment in {source} is not JSON. {_made_by()}") from None
    wanted = _subscribers(deployment)
    found = {entry_point: {*each.types} - {*OLD_REFUNDS} for entry_point, each in deployment.subscribers.items()}
    if wanted != found:
        problem = f"its subscribers must be {_shown(wanted)}, and are {_shown(found)}"
        raise WrongSettings(f"The deployment in {source} cannot be read: {problem}")
    return deployment


def _subscribers(deployment: Deployment) -> dict[str, set[str]]:
    """The event types that each subscriber must have, by entry point. The old types of refunds may be added."""
    after_sale = AFTER_SALE if deployment.after_sale else {}
    return {
        **{entry_point: {event_type.value} for event_type, entry_point in SUBSCRIBERS.items()},
        **{entry_point: set(event_types) for entry_point, event_types in after_sale.items()},
        **({ON_EXPIRED: {EXPIRED}} if deployment.abandoned_carts else {}),
    }


def _shown(subscribers: Mapping[str, AbstractSet[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(sorted(types))}" for name, types in sorted(subscribers.items())) or "none"


def _read(file: Path | None) -> str:
    if file:
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSettings(f"{file} cannot be read ({type(error).__name__}). {_made_by()}") from None
    if not shutil.which(COMMAND[0]):
        raise WrongSettings(f"terraform is not installed here, and no --deployment FILE is given. {_made_by()}")
    return _ask_terraform()


def _ask_terraform() -> str:
    keywords: Any = {"cwd": ROOT, "capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
    try:
        run = subprocess.run(COMMAND, timeout=SECONDS, check=False, **keywords)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongSettings(f"`terraform output` failed ({type(error).__name__}). {_made_by()}") from None
    if run.returncode:
        hint = f"Nothing is deployed yet? terraform -chdir=terraform init && {APPLY}"
        raise WrongSettings(f"`terraform output` failed. See why: {' '.join(COMMAND)}\n{hint}")
    return str(run.stdout)


def _made_by() -> str:
    make = f"{' '.join(COMMAND)} > deployment.json"
    return f"Where terraform's state is, run: {make}, and give --deployment deployment.json"

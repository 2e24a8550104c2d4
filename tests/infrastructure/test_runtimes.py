"""The default runtime starts what is deployed, with nothing but what functions/requirements.txt names."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx
import pytest

from docs_tables.source import Module
from local.fakes.stripe_events import SECRET
from local.runtime.pipe import ENTRY_POINTS
from local.runtime.processes import Processes, free_ports
from support import pythons, source_zip, tools
from support.pythons import RUNTIMES

CLEAN = {name: os.environ[name] for name in ("PATH", "HOME")}


def test_terraform_allows_the_runtimes_that_are_tested_and_no_other(module: Module) -> None:
    variable = module.variables["runtime"]
    (rule,) = variable["validation"]
    assert tuple(re.findall(r'"(python\d+)"', rule["condition"])) == RUNTIMES
    assert variable["default"] in RUNTIMES


@pytest.fixture(scope="module")
def deployed(module: Module, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The zip, unpacked, and the bin/ of an environment for it: on the default runtime, or on the newest that
    the machine has.
    """
    runtime = module.variables["runtime"]["default"]
    if not tools.want(tools.missing_python(runtime)):
        runtime = next(filter(pythons.find, reversed(RUNTIMES)))
    tracked, unpacked = tmp_path_factory.mktemp("functions"), tmp_path_factory.mktemp("workspace")
    source_zip.copy_tracked(tracked)
    for name in source_zip.zipped(tracked, source_zip.excludes(module)):
        (unpacked / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tracked / name, unpacked / name)
    return unpacked, pythons.environment(runtime, unpacked / "requirements.txt")


SECRETS = {
    "STRIPE_WEBHOOK_SECRETS_FILE": SECRET,
    "STRIPE_API_KEY_FILE": "rk_live_" + "a" * 24,
    "SMTP_URL_FILE": "smtps://shop:pass@mail.acme.example:465",
}
PRODUCTION = {
    "GOOGLE_CLOUD_PROJECT": "acme-shop",
    "STRIPE_LIVEMODE": "true",
    "EVENTS_TOPIC": "checkout-events",
    "STRIPE_EVENTS_TOPIC": "checkout-stripe-events",
    "ROUTED_EVENTS": "invoice.paid",
    "DEPLOYMENT": "checkout",
    "DEAD_LETTER_TOPIC": "checkout-events-dead-letter",
    "FIRESTORE_DATABASE": "checkout-orders",
    "ORDERS_COLLECTION": "orders",
    "ORDER_FILTER": "metadata.shop=acme",
    "ORDER_EVENTS_TOPIC": "checkout-order-events",
    "EMAIL_FROM": "Acme <orders@acme.example>",
    "SHOP_URL": "https://acme.example",
    "SHOP_TIME_ZONE": "Europe/Berlin",
    "HOOK_TIMEOUT": "30",
    "HOLD_ON_REVIEW": "false",
    "ORDER_STATUS_READS_PER_MINUTE": "30",
    "STRIPE_CONNECT": "true",
    "ACCESS_POLICY": "full_refund,dispute_lost",
    "REFUND_MAILS": "true",
    "ABANDONED_CARTS": "true",
    "RECONCILE_SINCE": "2026-11-28T09:30:00Z",
}


def production(names: Iterable[str], folder: Path) -> dict[str, str]:
    """The variables that Terraform sets, with every switch on; each secret in a file of the folder."""
    for name, secret in SECRETS.items():
        (folder / name).write_text(f"{secret}\n")
    return {name: str(folder / name) if name in SECRETS else PRODUCTION[name] for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_what_is_deployed_starts_on_the_default_runtime_and_answers(
    deployed: tuple[Path, Path], environment: Mapping[str, Mapping[str, str]], entry_point: str, tmp_path: Path
) -> None:
    (unpacked, bin_), (port,) = deployed, free_ports(1)
    set_ = CLEAN | production(environment[entry_point], tmp_path)
    command = ["/usr/bin/env", "-i", *(f"{name}={text}" for name, text in set_.items())]
    command += [str(bin_ / "functions-framework"), "--host=127.0.0.1", f"--port={port}", f"--target={entry_point}"]
    with Processes(tmp_path) as running:
        running.start(entry_point, [*command, f"--source={unpacked / 'main.py'}"])
        running.await_http(entry_point, port)
        answer = httpx.put(f"http://127.0.0.1:{port}/")
        said = running.log(entry_point).read_text()
    assert answer.status_code == 405
    assert f"{entry_point} starts; optional and not set: nothing" in said

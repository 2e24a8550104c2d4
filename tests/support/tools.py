"""Tools that a test may need and a machine may lack. A missing one is said loudly: the test is skipped, the
end of the run names it with the command that installs it, and with CI=true it is a failure."""

import functools
import os
import shutil
from pathlib import Path

import pytest

from local.runtime import emulators
from support import pythons

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
STRIPE_CLI = ROOT / "node_modules" / ".bin" / "stripe"
lacking: dict[str, int] = {}


@functools.cache
def missing_emulators() -> str | None:
    """None, or what is missing to run the emulators and the command for it."""
    return emulators.missing()


def missing_stripe_cli() -> str | None:
    """None, or what is missing to run the official Stripe CLI and the command for it."""
    if STRIPE_CLI.exists():
        return None
    if not shutil.which("npm"):
        return "npm is missing: it brings the Stripe CLI. Debian/Ubuntu: apt-get install npm; macOS: brew install node"
    return "the Stripe CLI is missing. Install it: npm install --no-save"


def missing_chromium() -> str | None:
    """None, or what is missing to see mails and pages as a person does and the command for it."""
    if shutil.which("chromium"):
        return None
    return "chromium is missing: mails and pages are looked at in it. Debian/Ubuntu: apt-get install chromium"


def missing_axe() -> str | None:
    """None, or what is missing to judge a page's accessibility and the command for it."""
    if AXE.exists():
        return None
    return "axe-core is missing: it judges whether a page is accessible. Install it: npm install --no-save"


def missing_terraform() -> str | None:
    """None, or what is missing to ask Terraform and where it is."""
    if shutil.which("terraform"):
        return None
    return "terraform is missing. Install 1.11 or newer: https://developer.hashicorp.com/terraform/install"


def missing_python(runtime: str) -> str | None:
    """None, or what is missing to run a Python of Google's runtimes, and the command for it."""
    if pythons.find(runtime):
        return None
    version = pythons.version(runtime)
    return f"Python {version} is missing: the functions may be deployed on it. Install it: pyenv install {version}"


def want(missing: str | None) -> bool:
    """Whether nothing is missing. What is missing is named at the end of the run, and fails nothing: for what a
    machine may well do without.
    """
    if missing is not None:
        lacking[missing] = lacking.get(missing, 0) + 1
    return missing is None


def need(missing: str | None) -> None:
    """Goes on if nothing is missing; skips the test otherwise, or fails it in CI."""
    if missing is None or want(missing):
        return
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)

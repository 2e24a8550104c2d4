"""What all commands share: --deployment, --json, and exit codes: 0 fine, 1 trouble found, 2 wrong usage or settings."""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from fulfillment.errors import FulfillmentError
from ops.clients import credentials
from ops.deployment.emulated import emulated_deployment, is_emulated
from ops.deployment.model import Deployment
from ops.deployment.terraform_output import load
from ops.errors import OperationsError, WrongSettings

FILE = click.Path(dir_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Report:
    """A command's result: `lines` for people, `data` for programs. Without `ok` the exit code is 1."""

    ok: bool
    lines: Sequence[Text | str]
    data: dict[str, Any]


def operation(name: str) -> Callable[[Callable[..., Report]], click.Command]:
    """Makes a command of a function that takes the deployment and its own options, and returns a report."""
    return _command(name, lambda function, file, options: function(load(file), **options))


def order_operation(name: str) -> Callable[[Callable[..., Coroutine[Any, Any, Report]]], click.Command]:
    """As `operation`, for an asynchronous function about orders or messages. It works on the emulators too."""
    return _command(name, lambda function, file, options: asyncio.run(function(_load_or_emulated(file), **options)))


def _command(
    name: str, run: Callable[[Any, Path | None, dict[str, Any]], Report]
) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        @click.command(name, context_settings={"allow_extra_args": True})
        @click.option("--deployment", type=FILE, envvar="OPS_DEPLOYMENT", help=_DEPLOYMENT)
        @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout, and nothing else.")
        @functools.wraps(function)
        def command(*, deployment: Path | None, as_json: bool, **options: Any) -> None:
            extra = click.get_current_context().args

            def work() -> Report:
                _refuse(extra)
                return run(function, deployment, options)

            sys.exit(_run(work, as_json=as_json))

        return command

    return decorate


def changing(command: F) -> F:
    """Adds --yes, which makes the changes, and --dry-run, the default, which only shows them."""
    text = "Make the changes, or only show them. The default is --dry-run."
    return click.option("--yes/--dry-run", default=False, help=text)(command)


def _load_or_emulated(file: Path | None) -> Deployment:
    local = is_emulated(os.environ)
    return emulated_deployment(os.environ) if local and not file else load(file)


def require_terminal(option: str, *, yes: bool) -> None:
    """Raises WrongSettings, before anything is changed, if `option` must ask and stdin is no terminal."""
    if not yes and not sys.stdin.isatty():
        raise WrongSettings(f"{option} asks for confirmation, and stdin is not a terminal: give --yes")


def confirm(question: str, *, yes: bool) -> bool:
    """Whether --yes was given, or a person answers yes. The question goes to stderr."""
    return yes or click.confirm(question, err=True)


def _refuse(extra: Sequence[str]) -> None:
    """Raises WrongSettings for surplus arguments. click would print them, and one may be a secret."""
    if extra:
        problem = f"{len(extra)} arguments too many (not shown here): see --help."
        raise WrongSettings(f"{problem} Never pass a key or a secret as an argument: it stays in your shell's history")


def _run(work: Callable[[], Report], *, as_json: bool) -> int:
    """Does the work, prints its report, and returns the exit code."""
    try:
        report = work()
    except (OperationsError, FulfillmentError) as error:
        problem = credentials.message_of(error)
        Console(stderr=True, soft_wrap=True, highlight=False).print(Text(problem, style="red"))
        if as_json:
            click.echo(json.dumps({"ok": False, "error": problem}))
        return error.exit_code if isinstance(error, OperationsError) else 1
    if as_json:
        click.echo(json.dumps({"ok": report.ok, **report.data}, indent=2, ensure_ascii=False))
    else:
        console = Console(soft_wrap=True, highlight=False)
        for line in report.lines:
            console.print(line if isinstance(line, Text) else Text(line))
    return 0 if report.ok else 1


_DEPLOYMENT = "Terraform's output as a file: terraform -chdir=terraform output -json deployment > FILE."

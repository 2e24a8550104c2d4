"""What every command has: --deployment, --json, exit codes: 0 fine, 1 trouble found, 2 wrong usage or settings."""

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
    """What a command has to say: `lines` to a person, `data` to a machine. Not `ok` means trouble."""

    ok: bool
    lines: Sequence[Text | str]
    data: dict[str, Any]


def operation(name: str) -> Callable[[Callable[..., Report]], click.Command]:
    """Makes a command of a function from the deployment, and its own options, to a report."""
    return _command(name, lambda function, file, options: function(load(file), **options))


def order_operation(name: str) -> Callable[[Callable[..., Coroutine[Any, Any, Report]]], click.Command]:
    """The same of an asynchronous function that is about orders or messages: it works on the emulators too."""
    return _command(name, lambda function, file, options: asyncio.run(function(_place(file), **options)))


def _command(
    name: str, run: Callable[[Any, Path | None, dict[str, Any]], Report]
) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        @click.command(name, context_settings={"allow_extra_args": True})
        @click.option("--deployment", type=FILE, envvar="OPS_DEPLOYMENT", help=_DEPLOYMENT)
        @click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout, and nothing else there.")
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
    """Adds the option without which a command only says what it would do, and the one that says so."""
    told = "Do it, or only say what it would do, as without either."
    return click.option("--yes/--dry-run", default=False, help=told)(command)


def _place(file: Path | None) -> Deployment:
    local = is_emulated(os.environ)
    return emulated_deployment(os.environ) if local and not file else load(file)


def somebody_answers(option: str, *, yes: bool) -> None:
    """Returns if there is somebody to ask, or no need to; WrongSettings, before anything is done, if not."""
    if not yes and not sys.stdin.isatty():
        raise WrongSettings(f"{option} asks before it does it, and nobody can answer here: give --yes")


def confirm(question: str, *, yes: bool) -> bool:
    """Whether a person says yes, or has said so beforehand. Asked on stderr."""
    return yes or click.confirm(question, err=True)


def _refuse(extra: Sequence[str]) -> None:
    """WrongSettings if there are arguments that the command does not have: click would repeat them, and one may be a
    secret.
    """
    if extra:
        problem = f"{len(extra)} arguments too many, which are not repeated here: see --help."
        raise WrongSettings(f"{problem} A key or a secret is never an argument: it would stay in your shell's history")


def _run(work: Callable[[], Report], *, as_json: bool) -> int:
    """Does it, says it, and tells the exit code."""
    try:
        report = work()
    except (OperationsError, FulfillmentError) as error:
        problem = credentials.told(error)
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


_DEPLOYMENT = "The deployment, as terraform tells it: terraform -chdir=terraform output -json deployment > FILE."

"""Runs the commands of scripts/prove."""

from prove.cli import prove

prove(prog_name="scripts/prove")

"""Runs what scripts/prove was asked for."""

from prove.cli import prove

prove(prog_name="scripts/prove")

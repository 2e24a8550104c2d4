"""Runs what scripts/prove was asked for."""

from proof.cli import prove

prove(prog_name="scripts/prove")

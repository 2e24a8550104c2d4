"""Writes docs/licenses.md from the installed packages, or checks that it is up to date. `scripts/check` runs it."""

import sys

from licenses.table import DOCUMENT, document

if sys.argv[1:] not in ([], ["--check"]):
    sys.exit("usage: python -m licenses [--check]")
fresh = document()
if sys.argv[1:] == ["--check"]:
    if not DOCUMENT.exists() or DOCUMENT.read_text() != fresh:
        sys.exit("docs/licenses.md is out of date: run scripts/check --fix")
else:
    DOCUMENT.write_text(fresh)

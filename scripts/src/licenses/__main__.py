"""Writes docs/licenses.md from what is installed, or says whether it is fresh. `scripts/check` runs it."""

import sys

from licenses.table import DOCUMENT, document

if sys.argv[1:] not in ([], ["--check"]):
    sys.exit("usage: python -m licenses [--check]")
fresh = document()
if sys.argv[1:] == ["--check"]:
    if not DOCUMENT.exists() or DOCUMENT.read_text() != fresh:
        sys.exit("docs/licenses.md is not fresh: run scripts/check --fix")
else:
    DOCUMENT.write_text(fresh)

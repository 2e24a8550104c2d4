"""Prints each word of the list with its file and line, and exits with 1 if there is any. `scripts/check` runs it."""

import sys

from wording.words import findings

sys.exit("\n".join(map(str, findings())) or None)

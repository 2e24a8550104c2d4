"""Prints each word of the list with its file and line, and exits with 1 if there is any. `scripts/check` runs it."""

import sys

from wording.words import findings

found = [str(each) for each in findings()]
print("\n".join(found), file=sys.stderr)
sys.exit(1 if found else 0)

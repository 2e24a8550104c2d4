"""The licence that each package in functions/requirements.txt declares."""

import re
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "licenses.md"
REQUIREMENTS = ROOT / "functions" / "requirements.txt"
_APACHE = ("Apache-2.0", "Apache-2.0 OR BSD-2-Clause", "Apache-2.0 OR BSD-3-Clause")
PERMISSIVE = frozenset((*_APACHE, "BSD", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"))
"""The licences that may be deployed with the product: they demand nothing of files of other packages."""
_OTHER_WORDS = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: MIT License": "MIT",
}
_HEAD = """# Licences

Written by `scripts/check --fix`. What the deployed functions install, by the licence that the package declares
itself. `scripts/check` fails when the list is not fresh, and a test when a licence is not among those that the product
may be deployed with. The product's own licence is in [LICENSE](../LICENSE).

| licence | packages |
|---|---|
"""


def packages() -> list[str]:
    """The names of all packages that the functions install."""
    return re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", REQUIREMENTS.read_text(), re.MULTILINE)


def licence(package: str) -> str:
    """The licence that a package declares; `unknown` if it declares none, or is not installed."""
    try:
        declared = metadata(package)
    except PackageNotFoundError:
        return "unknown"
    texts = [each for name in ("License-Expression", "License", "Classifier") for each in declared.get_all(name) or ()]
    known = [_OTHER_WORDS.get(each, each) for each in texts]
    return next((each for each in known if each in PERMISSIVE), next(iter(texts), "unknown"))


def document() -> str:
    """The text of docs/licenses.md."""
    by_licence = defaultdict[str, list[str]](list)
    for package in sorted(packages()):
        by_licence[licence(package)].append(package)
    rows = (f"| {name} | {', '.join(by_licence[name])} |\n" for name in sorted(by_licence))
    return _HEAD + "".join(rows)

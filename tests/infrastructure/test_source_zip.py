"""The zip that Terraform makes of functions/ holds what is deployed, and nothing else.

The real archive provider runs in none of these: `source_zip` evaluates its patterns, and says how. For files,
Terraform's own `fileset` checks that reading.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from docs_tables.source import Module
from support import source_zip, tools
from support.source_zip import expression, tracked_files, zipped

NOT_DEPLOYED = {"requirements.in"}  # what it locks is: requirements.txt
JUNK = [
    "__pycache__/main.cpython-313.pyc",
    "fulfillment/__pycache__/errors.cpython-311.pyc",
    "fulfillment/domain/left.pyc",
    ".env",
    ".DS_Store",
    "templates/.DS_Store",
    ".idea/workspace.xml",
    "fulfillment/.mypy_cache/3.11/x.json",
    "hooks.py~",
    "handlers/__pycache__/examples.cpython-311.pyc",
    "fulfillment/.errors.py.swp",
    "fulfillment/errors.py.swp",
    ".git/config",
]


@pytest.fixture
def excludes(module: Module) -> list[str]:
    return source_zip.excludes(module)


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    """functions/ as git knows it, in a folder of its own."""
    source_zip.copy_tracked(tmp_path / "functions")
    return tmp_path / "functions"


def litter(folder: Path) -> None:
    """Puts into a folder what editors, Python and systems leave behind."""
    for name in JUNK:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("junk")


def test_the_zip_holds_exactly_functions(tracked: Path, excludes: list[str]) -> None:
    assert set(zipped(tracked, excludes)) == tracked_files() - NOT_DEPLOYED
    assert {"hooks.py", "handlers/__init__.py"} <= tracked_files()


def test_what_lies_around_does_not_get_into_the_zip(tracked: Path, excludes: list[str]) -> None:
    before = list(zipped(tracked, excludes))
    assert before
    litter(tracked)
    assert list(zipped(tracked, excludes)) == before


def test_the_source_directory_itself_is_not_left_out(excludes: list[str]) -> None:
    """Its name in the walk is `.`: a pattern for hidden files that matches it would leave nothing to zip."""
    assert [each for each in excludes if expression(each).fullmatch(".")] == []


def test_the_patterns_mean_to_terraform_what_they_mean_here(tmp_path: Path, excludes: list[str]) -> None:
    """For files: fileset names no directories. Its last `/**` never stands for nothing, as it does in the provider."""
    tools.need(tools.missing_terraform())
    for name in (*JUNK, *tracked_files()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    for each in excludes:
        query = f"jsonencode(fileset({json.dumps(str(tmp_path))}, {json.dumps(each)}))"
        said = subprocess.run(
            ["terraform", "console"], input=query, check=True, capture_output=True, text=True, cwd="/"
        )
        shorter = expression(each.removesuffix("/**")) if each.endswith("/**") else re.compile(r"\Z.")
        matching = [name for name in files if expression(each).fullmatch(name) and not shorter.fullmatch(name)]
        assert sorted(json.loads(json.loads(said.stdout))) == matching, each


def test_the_same_files_make_the_same_zip_and_another_zip_is_another_object(module: Module) -> None:
    """The provider writes no times, and walks in order; what is left to choose is the mode of the files."""
    assert module.data["archive_file.functions"]["output_file_mode"] == "0644"
    source = module.resources["google_storage_bucket_object.functions"]
    assert source["name"] == "functions-${data.archive_file.functions.output_sha256}.zip"
    for function in module.of_type("google_cloudfunctions2_function").values():
        storage = function["build_config"][0]["source"][0]["storage_source"][0]
        assert storage["object"] == "${google_storage_bucket_object.functions.name}"
        assert storage["generation"] == "${google_storage_bucket_object.functions.generation}"

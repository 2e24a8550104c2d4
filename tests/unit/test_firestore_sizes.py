"""The sizes that Firestore bills, on the examples of its own documentation (Storage size calculations)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.firestore_sizes import document_bytes, index_entries, name_bytes

TASK = "users/jeff/tasks/my_task_id"
DOCUMENT = {"type": "Personal", "done": False, "priority": 1, "description": "Learn Cloud Firestore"}


def test_a_document_is_as_large_as_its_documented_example() -> None:
    assert name_bytes(TASK) == 44
    assert document_bytes(TASK, DOCUMENT) == 147


def test_an_index_entry_is_as_large_as_its_documented_example() -> None:
    assert index_entries(TASK, {"done": False}, set()) == [109, 109]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 1),
        (True, 1),
        (1, 8),
        (1.5, 8),
        (datetime(2026, 11, 23, tzinfo=UTC), 8),
        ("", 1),
        ("ü", 3),
        (["a", 1], 10),
        ({"a": {"b": None}}, 32 + 2 + 32 + 2 + 1),
    ],
)
def test_a_value_is_as_large_as_its_type_says(value: Any, size: int) -> None:
    assert document_bytes(TASK, {"v": value}) - document_bytes(TASK, {}) == 2 + size


def test_a_value_of_no_known_size_is_refused() -> None:
    with pytest.raises(TypeError, match="no size is known of a bytes"):
        document_bytes(TASK, {"v": b""})


def test_a_map_is_indexed_field_by_field_and_an_array_element_by_element() -> None:
    document = {"a": {"b": {"c": 1}, "none": []}, "tags": ["x", "y"], "out": {"of": "it"}}
    base = name_bytes(TASK) + name_bytes("users/jeff") + 32
    entries = index_entries(TASK, document, {"out"})
    assert entries == [base + len("a.b.c") + 1 + 8] * 2 + [base + len("tags") + 1 + 2] * 2


def test_a_collection_at_the_root_has_a_parent_without_a_name_of_its_own() -> None:
    (entry, _) = index_entries("tasks/a", {"done": False}, set())
    assert entry == name_bytes("tasks/a") + 16 + 5 + 1 + 32


def test_a_part_of_an_unindexed_map_may_have_one_index_of_its_own() -> None:
    document = {"money": {"status": "kept", "kept": 4990}}
    assert index_entries("orders/a", document, {"money"}) == []
    (entry,) = index_entries("orders/a", document, {"money"}, {"money.status"})
    assert [entry] * 2 == index_entries("orders/a", {"money": {"status": "kept"}}, set())

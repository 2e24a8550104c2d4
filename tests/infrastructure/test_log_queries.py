"""What Terraform and the runbook look for in the log is what Python writes there: a filter for a word that no function
logs would never match, and its alert would stay silent."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from docs_tables.source import Module, texts
from fulfillment.domain.effects import ANNOUNCE_MONEY, ANNOUNCEMENTS, KNOWN
from local.fakes.stripe_events import signature
from support import log_vocabulary
from support.log_vocabulary import Vocabulary
from support.markdown import anchors
from support.serving import Serve
from support.tools import ROOT

RUNBOOK = ROOT / "docs" / "operations.md"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return log_vocabulary.read()


def queries(module: Module) -> Iterator[str]:
    """Every text of Terraform and of the runbook, without the quotes' escapes."""
    for part in (module.locals, module.resources, module.data):
        for text in texts(part):
            yield text.replace('\\"', '"')
    yield RUNBOOK.read_text("utf-8").replace('\\"', '"')


def compared(query: str, name: str) -> set[str]:
    """What a query compares a field with: ="a", =~"a|b", =("a" OR "b") and =A; references are left out."""
    query = re.sub(r"\$\{[^}]*\}", "", query)
    found = re.findall(rf'\b{name} ?(?:=~|!~|!=|=) ?("[^"]*"|\([^)]*\)|[A-Z]+)', query)
    return {word for text in found for word in re.findall(r"[\w.]+", text.replace(" OR ", " "))}


def test_every_field_that_is_looked_for_is_written(module: Module, vocabulary: Vocabulary) -> None:
    asked = {name for query in queries(module) for name in re.findall(r"jsonPayload\.(\w+)", query)}
    assert {"outcome", "cause", "entry_point", "effects"} <= asked
    assert asked <= vocabulary.fields


@pytest.mark.parametrize(
    "name", ["outcome", "cause", "entry_point", "severity", "reason", "event_type", "order_status"]
)
def test_every_value_that_is_looked_for_is_written(module: Module, vocabulary: Vocabulary, name: str) -> None:
    asked = {value for query in queries(module) for value in compared(query, name)}
    assert asked <= vocabulary.values[name]


def test_a_comparison_is_found_in_every_form_that_the_queries_use() -> None:
    assert compared('jsonPayload.outcome="a" AND jsonPayload.outcome=("b" OR "c")', "outcome") == {"a", "b", "c"}
    assert compared('{x="1",cause=~"a|b",cause!="c"}', "cause") == {"a", "b", "c"}
    assert compared("severity=WARNING AND severity>=ERROR", "severity") == {"WARNING"}
    assert compared('REGEXP(outcome) brought_outcome="x"', "outcome") == set()


def test_the_effects_that_are_counted_are_those_that_orders_owe(module: Module) -> None:
    assert set(module.locals["effects"]) == KNOWN - {*ANNOUNCEMENTS, ANNOUNCE_MONEY}
    assert len(module.locals["effects"]) <= 10  # labels of a metric


def test_what_is_said_of_an_effect_begins_as_the_queries_ask(module: Module, vocabulary: Vocabulary) -> None:
    said = log_vocabulary.effect_texts() | {f"failed: {reason}: " for reason in vocabulary.values["reason"]}
    asked = re.compile(r'jsonPayload\.effects\.(?:\$\{effect\}|\w+)(?::|, )"([^"]*)"')
    beginnings = {
        word for query in queries(module) for text in asked.findall(query) for word in text.strip("^()").split("|")
    }
    assert {"failed: ", "failed: mail_refused", "done", "to be tried again"} <= beginnings
    assert {word for word in beginnings if not any(text.startswith(word) for text in said)} == set()


def test_terraforms_queries_name_the_functions_by_reference(module: Module) -> None:
    said = [text.replace('\\"', '"') for part in (module.locals, module.resources) for text in texts(part)]
    named = [found for text in said for found in re.findall(r'service_name=[~(]*"?(.{2})', text)]
    assert named
    assert set(named) == {"${"}


def test_every_outcome_that_loses_or_delays_an_order_has_an_alert(module: Module) -> None:
    """An alert on a line, on a count of lines, or, for `retry`, on the age of the oldest message."""
    asked = {value for text in texts(module.locals["alerts_on_lines"]) for value in compared(text, "outcome")}
    asked |= compared(str(module.locals["alerts_on_queries"]).replace('\\"', '"'), "outcome")
    assert {"parked", "publish_failed", "failed", "other_livemode", "not_ours", "stale_secret", "refused"} <= asked


def test_every_alert_links_to_a_section_of_the_runbook(module: Module) -> None:
    queried = re.findall(r"(\w+) = \{severity = ", str(module.locals["alerts_on_queries"]))
    others = re.findall(r'"(\w+)"', module.locals["alert_names"])
    names = {*module.locals["alerts_on_lines"], *queried, *others}
    assert len(queried) == str(module.locals["alerts_on_queries"]).count("says = ")
    assert '"${var.alerts.docs_url}#${replace(name, "_", "-")}"' in module.locals["runbook"]
    assert {name for name in names if name.replace("_", "-") not in anchors(RUNBOOK)} == set()
    alerts = RUNBOOK.read_text("utf-8").split("\n## The alerts\n")[1].split("\n## ")[0]
    sections = re.findall(r"^### (.+)$", alerts, re.MULTILINE)
    assert sorted(sections) == sorted(name.replace("_", " ").capitalize() for name in names)
    assert all(f"\n### {each}\n\n**You see** " in alerts for each in sections)


def test_every_section_of_an_alert_names_the_subject_of_its_mail() -> None:
    """A number that comes from a setting may be any number, or N."""
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "terraform").glob("*.tf")}
    subjects = dict(
        re.findall(r'^    (\w+) = \{\n +severity +=.*\n +title += "(.+)"$', sources["alerts.tf"], re.MULTILINE)
    )
    for name, file in (("webhook_unreachable", "uptime.tf"), ("ack_budget", "slo.tf")):
        (subjects[name],) = re.findall(r'^    subject +=  *"\$\{var\.name\}: (.+)"$', sources[file], re.MULTILINE)
    alerts = RUNBOOK.read_text("utf-8").split("\n## The alerts\n")[1].split("\n## ")[0]
    named = dict(re.findall(r"^### (.+)\n\n\*\*You see\*\* \*(.+?)\*", alerts, re.MULTILINE))
    assert set(named) == set(re.findall(r"^### (.+)$", alerts, re.MULTILINE))
    assert set(named) == {name.replace("_", " ").capitalize() for name in subjects}
    for name, subject in subjects.items():
        pattern = r"(\d+|N)".join(map(re.escape, re.split(r"\$\{.+?\}", subject)))
        assert re.fullmatch(pattern, named[name.replace("_", " ").capitalize()]), name


@pytest.mark.parametrize("headers", [{}, {"stripe-signature": "t=1"}, signature(b"another body")])
def test_a_real_line_holds_nothing_that_the_vocabulary_lacks(
    vocabulary: Vocabulary, serve: Serve, capsys: pytest.CaptureFixture[str], headers: dict[str, str]
) -> None:
    assert httpx.post(serve("stripe_webhook"), content=b"{}", headers=headers).status_code == 400
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "duration_ms" in text]
    assert set(line) <= vocabulary.fields
    for name in {"outcome", "cause", "entry_point", "severity"} & set(line):
        assert line[name] in vocabulary.values[name]

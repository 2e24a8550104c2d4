"""What may be routed is one rule: Terraform refuses and warns of exactly what the functions do. The real Terraform
reads the variable as it is, with routes of all kinds.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fulfillment.domain.routes import ANSWERED, DELAYING, Routes
from support import tools
from support.tools import ROOT

TERRAFORM = ROOT / "terraform"
CHECK = "check.invoices_are_not_delayed"
REQUIRED = """
variables {
  project_id = "acme-shop"
  region     = "europe-west1"
  stripe     = { livemode = false }
}
"""
Route = list[str]

words = st.sampled_from(
    ["invoice", "paid", "created", "customer", "issuing_authorization", "request", "v1", "v2", "a_1"]
)
odd = st.sampled_from(["", "*", "A", "é", "-", " ", ",", "\n", '"', "${x}"])
names = st.builds(".".join, st.lists(words | st.just("*"), min_size=1, max_size=4))
near = st.builds("".join, st.lists(words | odd | st.just("."), min_size=1, max_size=5))
known = st.sampled_from([ANSWERED, DELAYING, "issuing_authorization.*", "invoice.*", "invoice.paid", "*"])
each_type = st.builds("".join, st.tuples(st.sampled_from(["", "", "v1."]), known | names | near))
routes = st.lists(each_type, min_size=1, max_size=3)


def expected(route: Route) -> list[str]:
    """What Python says of the route: nothing, that it is refused, or a warning. Each type is one text in Terraform."""
    if any(re.search(r"[,\s]", each) or not each for each in route):
        return ["var.events"]
    try:
        parsed = Routes.parse(",".join(route))
    except ValueError:
        return ["var.events"]
    return [CHECK] if parsed.warnings() else []


def disagreed(all_routes: Sequence[Route]) -> list[Route]:
    """The routes that Terraform takes otherwise than Python. After the first one it may skip the rest."""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder)
        for path in TERRAFORM.glob("variables*.tf"):
            shutil.copy(path, module)
        source = (TERRAFORM / "stripe_events.tf").read_text("utf-8")
        (check,) = re.findall(r'^check "invoices_are_not_delayed" \{\n.*?^\}\n', source, re.MULTILINE | re.DOTALL)
        (module / "check.tf").write_text(check, "utf-8")
        runs = (run_block(number, route) for number, route in enumerate(all_routes))
        (module / "routes.tftest.hcl").write_text(REQUIRED + "".join(runs), "utf-8")
        for command in (["init", "-backend=false", "-input=false"], ["test", "-json"]):
            said = subprocess.run(
                ["terraform", f"-chdir={module}", *command], capture_output=True, text=True, check=False
            )
    ends = {
        int(message["test_run"]["run"].removeprefix("run_")): message["test_run"]["status"]
        for message in map(json.loads, said.stdout.splitlines())
        if message["type"] == "test_run" and message["test_run"].get("progress") == "complete"
    }
    assert set(ends) == set(range(len(all_routes))), said.stdout
    return [route for number, route in enumerate(all_routes) if ends[number] not in ("pass", "skip")]


def run_block(number: int, route: Route) -> str:
    """A run that passes if Terraform says of the route what Python says."""
    told = json.dumps(route).replace("${", "$${")
    lines = [f'run "run_{number}" {{', "command = plan", f"variables {{\nevents = {{ route = {told} }}\n}}"]
    failing = expected(route)
    return "\n".join([*lines, *([f"expect_failures = [{', '.join(failing)}]"] if failing else []), "}\n"])


@pytest.fixture(scope="module", autouse=True)
def terraform() -> None:
    tools.need(tools.missing_terraform())


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(all_routes=st.lists(routes, min_size=40, max_size=40))
@example(all_routes=[["*"], ["v1.*"], ["invoice.paid"], ["v1.invoice.paid", "invoice.voided"], ["invoice.paid "], [""]])
@example(all_routes=[[ANSWERED], ["v1.issuing_authorization.*"], ["issuing_authorization.request.*"], ["invoice"]])
@example(all_routes=[[DELAYING], ["v1.invoice.*"], ["invoice.created.*"], ["invoice.paid,invoice.voided"], ["v2.*"]])
def test_terraform_and_the_functions_take_the_same_routes(all_routes: list[Route]) -> None:
    assert disagreed(all_routes) == []


def test_all_three_answers_are_among_the_routes_that_are_tried() -> None:
    """Else the test above could not fail."""
    assert expected([ANSWERED]) == ["var.events"]
    assert expected(["v1.invoice.*"]) == [CHECK]
    assert expected(["invoice.paid", "customer.*"]) == []
    assert disagreed([["invoice.paid"]]) == []

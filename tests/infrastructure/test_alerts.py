"""What Terraform's own tests cannot see of the alerts: how resources are replaced."""

import pytest

from terraform_docs.source import Module


@pytest.mark.parametrize("named", ["google_monitoring_notification_channel.email"])
def test_what_an_alert_names_is_deleted_only_after_the_alert_has_let_go_of_it(module: Module, named: str) -> None:
    """Google deletes neither a channel nor an uptime check that an alert names."""
    (lifecycle,) = module.resources[named]["lifecycle"]
    assert lifecycle["create_before_destroy"] is True

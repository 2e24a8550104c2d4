# What all of it may cost in a month, if you wish to be told.

resource "google_billing_budget" "monthly" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${var.project_id}: ${var.name}"

  budget_filter {
    projects        = ["projects/${data.google_project.this.number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = sort(var.budget.thresholds)
    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  dynamic "all_updates_rule" {
    for_each = length(var.alerts.emails) > 0 ? [1] : [] # else the billing account's administrators are told
    content {
      monitoring_notification_channels = [for email in sort(var.alerts.emails) : google_monitoring_notification_channel.email[email].id]
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.alerts.emails) <= 5
      error_message = "A budget can tell five addresses at most: give fewer alerts.emails, or a group's address."
    }
  }

  depends_on = [google_project_service.api]
}

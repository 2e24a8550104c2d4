# What the service promises: Stripe's requests are stored, and their events are handled in time.

resource "google_monitoring_custom_service" "this" {
  project      = var.project_id
  service_id   = var.name
  display_name = var.name
  user_labels  = local.labels

  depends_on = [google_project_service.api]
}

# Of the requests that reach an instance: request_count knows no others. That Google refuses requests or has no instance for
# them is what the alerts webhook_shut, webhook_unreachable and webhook_errors are for.
# Refusals (400, 405, 413) are neither good nor bad: everyone can send to the webhook, and could bend the ratio. For refused
# requests of Stripe's own there is the alert signature_failures.
resource "google_monitoring_slo" "acked" {
  project             = var.project_id
  service             = google_monitoring_custom_service.this.service_id
  slo_id              = "acked"
  display_name        = "${var.slos.acked * 100} % of the requests that reached an instance are stored and answered 200"
  goal                = var.slos.acked
  rolling_period_days = var.slos.days
  user_labels         = local.labels

  request_based_sli {
    good_total_ratio {
      good_service_filter = "${local.webhook_requests} AND metric.labels.response_code_class=\"2xx\""
      bad_service_filter  = "${local.webhook_requests} AND metric.labels.response_code_class=\"5xx\""
    }
  }
}

# One for each subscription, of Pub/Sub's own clock: no log line knows how long an unacknowledged message has waited, and
# those are the ones that count. An event that fails for an hour makes an hour of bad windows.
# Of sales alone: a buyer waits for these. What comes after a sale may wait an hour for its order, and has the alerts.
resource "google_monitoring_slo" "in_time" {
  for_each = { for key, each in local.subscriptions : key => each if contains(keys(local.sale_subscribers), each.function) }

  project             = var.project_id
  service             = google_monitoring_custom_service.this.service_id
  slo_id              = "in-time-${each.value.slug}"
  display_name        = "${var.slos.in_time * 100} % of the time no ${endswith(each.key, " thin") ? "v1." : ""}${local.sale_subscribers[each.value.function].event_types[0]} waits longer than ${var.slos.in_time_minutes} minutes"
  goal                = var.slos.in_time
  rolling_period_days = var.slos.days
  user_labels         = local.labels

  windows_based_sli {
    window_period = "300s"

    metric_mean_in_range {
      time_series = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.subscriber[each.key].name}\""

      range {
        max = var.slos.in_time_minutes * 60
      }
    }
  }
}

locals {
  webhook_requests = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.function_name["stripe_webhook"]}\""
}

resource "google_monitoring_alert_policy" "ack_budget" {
  count = var.slos.burn_rate_alert ? 1 : 0

  project               = var.project_id
  display_name          = "${var.name}: The webhook fails a little, all day"
  combiner              = "OR"
  enabled               = !contains(var.alerts.disabled, "ack_budget")
  severity              = "WARNING"
  notification_channels = local.notification_channels["WARNING"]
  user_labels           = merge(local.labels, { alert = "ack_budget" })

  conditions {
    display_name = "A day spends the budget of ${google_monitoring_slo.acked.display_name} twice too fast"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.acked.name}\", \"86400s\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 2
      duration        = "0s"
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    subject   = "${var.name}: The webhook fails a little, all day"
    mime_type = "text/markdown"
    content   = "Too few failures at a time for the alert webhook_errors, too many for the objective: at this pace its budget is gone in half the time. Stripe sends the events again.\n\nWhat to do: [${local.runbook["ack_budget"]}](${local.runbook["ack_budget"]})"
  }
}

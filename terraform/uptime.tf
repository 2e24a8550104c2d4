# Can the webhook be reached? Stripe may send nothing for hours, so Cloud Monitoring sends a GET, which the function answers
# with 405. A webhook that may not be called, or an address that leads elsewhere, gives another answer, or none.

locals {
  uptime_url = coalesce(var.alerts.webhook_url, google_cloudfunctions2_function.this["stripe_webhook"].service_config[0].uri)
  # With `public = false` a person opens the webhook after the apply, and then names its address in alerts.webhook_url.
  webhook_is_open = var.webhook.public || var.alerts.webhook_url != null

  uptime_parts = split("/", trimprefix(local.uptime_url, "https://"))
}

resource "google_monitoring_uptime_check_config" "webhook" {
  project      = var.project_id
  display_name = "${var.name}: the webhook answers"
  period       = "300s"
  timeout      = "30s" # an instance may have to start
  user_labels  = local.labels

  http_check {
    request_method = "GET"
    path           = "/${join("/", slice(local.uptime_parts, 1, length(local.uptime_parts)))}"
    port           = 443
    use_ssl        = true
    validate_ssl   = true

    accepted_response_status_codes {
      status_value = 405
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = local.uptime_parts[0]
    }
  }

  lifecycle {
    # Another address is another check, and Cloud Monitoring deletes none that an alert still names.
    create_before_destroy = true
  }

  depends_on = [google_cloud_run_v2_service_iam_member.invoker, google_project_service.api]
}

resource "google_monitoring_alert_policy" "webhook_unreachable" {
  project               = var.project_id
  display_name          = "${var.name}: The webhook does not answer"
  combiner              = "OR"
  enabled               = local.webhook_is_open && !contains(var.alerts.disabled, "webhook_unreachable")
  severity              = "CRITICAL"
  notification_channels = local.notification_channels["CRITICAL"]
  user_labels           = merge(local.labels, { alert = "webhook_unreachable" })

  conditions {
    display_name = "Seen from two places or more, for ten minutes"

    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.webhook.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "600s" # the invoker of a first apply takes minutes to be known everywhere

      aggregations {
        alignment_period     = "1200s" # longer than the check's period: a look that comes late must be no gap
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "1800s"

    dynamic "notification_channel_strategy" {
      for_each = length(local.notification_channels["CRITICAL"]) > 0 ? [1] : []
      content {
        notification_channel_names = local.notification_channels["CRITICAL"]
        renotify_interval          = local.reminder
      }
    }
  }

  documentation {
    subject   = "${var.name}: The webhook does not answer"
    mime_type = "text/markdown"
    content   = "Cloud Monitoring asks the webhook every five minutes and does not get its 405. If Stripe does not reach it either, no order arrives; Stripe sends the events again, for up to three days.\n\nWhat to do: [${local.runbook["webhook_unreachable"]}](${local.runbook["webhook_unreachable"]})"
  }

  depends_on = [google_project_service.api]
}

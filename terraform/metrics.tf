# What is counted of the functions' log lines: one line per request or message, see functions/fulfillment/telemetry.py.

locals {
  subscriber_names = [for entry_point in keys(local.declared_subscribers) : local.function_name[entry_point]]

  # The log lines of the webhook, of the subscribers, of reconcile, and of all functions.
  lines_of         = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name"
  webhook_lines    = "${local.lines_of}=\"${local.function_name["stripe_webhook"]}\""
  subscriber_lines = "${local.lines_of}=(${join(" OR ", formatlist("\"%s\"", local.subscriber_names))})"
  reconcile_lines  = "${local.lines_of}=\"${local.function_name["reconcile"]}\""
  lines            = "${local.lines_of}=(${join(" OR ", formatlist("\"%s\"", values(local.function_name)))})"

  # The request log, which Cloud Run writes of every request: also of one that no instance gets, as Google refuses it (401,
  # 403) or has no instance for it (429). Google's own metric run.googleapis.com/request_count leaves those out.
  # No function answers 401, 403 or 429 itself.
  request_log = "logName=\"projects/${var.project_id}/logs/run.googleapis.com%2Frequests\""
  refused     = "${local.request_log} AND httpRequest.status=(401 OR 403)"

  # The requests of Cloud Monitoring's uptime check.
  uptime_check = "httpRequest.userAgent:\"GoogleStackdriverMonitoring-UptimeChecks\""

  # The functions that only their callers' own accounts may call, and the order status page where it is public.
  called_names = [
    for entry_point, each in local.declared_functions : local.function_name[entry_point]
    if entry_point != "stripe_webhook" && (each.public || each.caller != null)
  ]
  called = "${local.lines_of}=(${join(" OR ", formatlist("\"%s\"", local.called_names))})"

  # The kinds of effects of functions/fulfillment/domain/effects.py that a buyer or you wait for. `jsonPayload.effects` holds the
  # result of those that were tried: `done`, `failed: …`, `to be tried again: …` or `dropped: …`. A metric has ten labels at most.
  effects = [
    "load_line_items", "fulfill", "send_receipt", "payment_failed", "notify_payment_failed", "access_changed", "refunded",
    "disputed", "notify_refund",
  ]

  metrics = {
    webhook = {
      says   = "POSTs to the webhook by their outcome; the refused ones by their likely cause"
      filter = "${local.webhook_lines} AND jsonPayload.entry_point=\"stripe_webhook\" AND NOT jsonPayload.status=405"
      labels = { outcome = "EXTRACT(jsonPayload.outcome)", cause = "EXTRACT(jsonPayload.cause)" }
    }
    requests = {
      says   = "Requests to the functions by their HTTP status, also those that no instance got"
      filter = "${local.lines} AND ${local.request_log}"
      labels = { status = "EXTRACT(httpRequest.status)" }
    }
    deliveries = {
      says   = "Messages brought to the subscribers, by their outcome"
      filter = "${local.subscriber_lines} AND jsonPayload.entry_point:*"
      labels = { outcome = "EXTRACT(jsonPayload.outcome)", entry_point = "EXTRACT(jsonPayload.entry_point)" }
    }
    effects = {
      says   = "Deliveries that tried an effect, and what became of each"
      filter = "${local.subscriber_lines} AND jsonPayload.effects:*"
      labels = { for effect in local.effects : effect => "REGEXP_EXTRACT(jsonPayload.effects.${effect}, \"^(done|failed|to be tried again|dropped)\")" }
    }
    after-sale = {
      says   = "Deliveries to orders whose money has changed after the sale"
      filter = "${local.subscriber_lines} AND jsonPayload.money_status:*"
      labels = {
        event_type     = "EXTRACT(jsonPayload.event_type)"
        money_status   = "EXTRACT(jsonPayload.money_status)"
        access         = "EXTRACT(jsonPayload.access)"
        access_changed = "REGEXP_EXTRACT(jsonPayload.effects.access_changed, \"^(done|failed|to be tried again|dropped)\")"
      }
    }
    reconcile = {
      says   = "Runs of reconcile, by their outcome"
      filter = "${local.reconcile_lines} AND jsonPayload.entry_point=\"reconcile\""
      labels = { outcome = "EXTRACT(jsonPayload.outcome)" }
    }
  }
}

resource "google_logging_metric" "this" {
  for_each = local.metrics

  project          = var.project_id
  name             = "${var.name}-${each.key}"
  description      = each.value.says
  filter           = each.value.filter
  label_extractors = each.value.labels

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = "${var.name}: ${each.key}"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  depends_on = [google_project_service.api]
}

# Levels, by the runs that found any. A run that goes on where the one before was interrupted has not counted all: it says none.
resource "google_logging_metric" "any" {
  for_each = {
    late             = "orders that are late"
    evidence_due_24h = "disputes without evidence that are due within a day"
    evidence_due_72h = "disputes without evidence that are due within three days"
  }

  project         = var.project_id
  name            = "${local.function_name["reconcile"]}-any-${replace(each.key, "_", "-")}"
  description     = "`${each.key}` in the lines of reconcile, where it is not 0"
  filter          = "${local.reconcile_lines} AND jsonPayload.${each.key}>0"
  value_extractor = "EXTRACT(jsonPayload.${each.key})"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "1"
    display_name = "${local.function_name["reconcile"]}: ${each.value}"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 24
      growth_factor      = 2
      scale              = 1
    }
  }

  depends_on = [google_project_service.api]
}

# The same and Google's own metrics, as PromQL selects them.
locals {
  log_metric = {
    for name, metric in merge(google_logging_metric.this, google_logging_metric.any) :
    name => "logging_googleapis_com:user_${replace(metric.name, "-", "_")}"
  }
  drift_metric = {
    for name, metric in google_logging_metric.drift :
    name => "logging_googleapis_com:user_${replace(metric.name, "-", "_")}"
  }

  of_function  = "monitored_resource=\"cloud_run_revision\",project_id=\"${var.project_id}\""
  of_webhook   = "${local.of_function},service_name=\"${local.function_name["stripe_webhook"]}\""
  of_reconcile = "${local.of_function},service_name=\"${local.function_name["reconcile"]}\""
  of_all       = "${local.of_function},service_name=~\"${join("|", concat([local.function_name["stripe_webhook"]], local.subscriber_names))}\""

  subscription_names = values(google_pubsub_subscription.subscriber)[*].name
  of_pubsub          = "monitored_resource=\"pubsub_subscription\",project_id=\"${var.project_id}\""
  of_subscriptions   = "${local.of_pubsub},subscription_id=~\"${join("|", local.subscription_names)}\""
  of_dead_letter     = "monitored_resource=\"pubsub_subscription\",project_id=\"${var.project_id}\",subscription_id=\"${google_pubsub_subscription.dead_letter.name}\""

  # The same of Stripe's other events; null where there are none.
  of_handlers                  = one([for each in google_pubsub_subscription.stripe_events : "monitored_resource=\"pubsub_subscription\",project_id=\"${var.project_id}\",subscription_id=\"${each.name}\""])
  of_stripe_events_dead_letter = one([for each in google_pubsub_subscription.stripe_events_dead_letter : "monitored_resource=\"pubsub_subscription\",project_id=\"${var.project_id}\",subscription_id=\"${each.name}\""])
  of_sinks                     = "monitored_resource=\"pubsub_subscription\",project_id=\"${var.project_id}\",subscription_id=~\"${join("|", values(google_pubsub_subscription.sink)[*].name)}\""
}

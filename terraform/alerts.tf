# Who is told, and of what. The key of an alert is its section in docs/operations.md, with hyphens.
#
# A line that must never be written alerts at once (condition_matched_log); what is a matter of how many or how long is
# a PromQL query, which may name a metric that has no data yet.

locals {
  alerts_on_lines = {
    permanent_failures = {
      severity = "CRITICAL"
      title    = "A message was parked, or an effect was refused for good"
      filter = "${local.subscriber_lines} AND (jsonPayload.outcome=\"parked\" OR ${join(" OR ", [
        for effect in local.effects : "(jsonPayload.effects.${effect}:\"failed: \" AND NOT jsonPayload.effects.${effect}:\"failed: mail_refused\")" if effect != "access_changed"
      ])})"
      says = "Trying again cannot help, so the message lies whole on the dead-letter topic. An order may have been paid and not fulfilled."
    }
    mail_refused = {
      severity = "WARNING"
      title    = "A mail to a buyer was refused for good"
      filter = "${local.subscriber_lines} AND (${join(" OR ", [
        for effect in local.effects : "jsonPayload.effects.${effect}:\"failed: mail_refused\""
      ])})"
      says = "Most often the buyer has mistyped the address. The order's other effects have gone on; its message lies on the dead-letter topic."
    }
    publish_failures = {
      severity = "ERROR"
      title    = "The webhook could not store an event"
      filter   = "${local.webhook_lines} AND (jsonPayload.outcome=\"publish_failed\" OR jsonPayload.outcome=\"failed\")"
      says     = "Stripe got 503 or 500 and will send the event again. If its `event_type` is an order's (checkout.session), that order does not exist here until one of the tries is stored."
    }
    other_livemode = {
      severity = "CRITICAL"
      title    = "Events of the other livemode are dropped"
      filter   = "${local.webhook_lines} AND jsonPayload.outcome=\"other_livemode\""
      says     = "Stripe sends events of the mode that this deployment is not for. If stripe.livemode is wrong, every sale is lost."
    }
    events_ignored = {
      severity = "ERROR"
      title    = "Events are ignored that should not come"
      filter   = "${local.lines} AND severity=WARNING AND jsonPayload.outcome=\"not_ours\""
      says     = "A subscription has lost its filter, or a message of the other livemode was published. Those events were acknowledged and not handled."
    }
    webhook_shut = {
      severity = "CRITICAL"
      title    = "Google refuses requests to the webhook"
      filter   = "${local.webhook_lines} AND ${local.refused} AND NOT ${local.uptime_check}"
      says     = "The webhook is not open to everybody, so Stripe gets 403 and no order arrives. Stripe sends the events again, for up to three days."
    }
    callers_refused = {
      severity = "ERROR"
      title    = "Google refuses the callers of a function"
      filter   = "${local.called} AND ${local.refused}"
      says     = "Pub/Sub, Cloud Scheduler or a buyer was answered 401 or 403 before the function was reached: its invoker is missing. Messages wait, and come again."
    }
    start_failures = {
      severity = "CRITICAL"
      title    = "A function cannot start"
      filter   = "${local.lines} AND severity=CRITICAL"
      says     = "Its environment lacks, or misspells, what it needs. Its one CRITICAL log line names all of it."
    }
    stale_secret = {
      severity = "WARNING"
      title    = "A secret cannot be read again"
      filter   = "${local.lines} AND jsonPayload.outcome=\"stale_secret\""
      says     = "The last good value stays in force, so nothing is lost yet. A rotation has no effect, and an instance that starts now may fail."
    }
    access_failed = {
      severity = "CRITICAL"
      title    = "Your hook access_changed fails"
      filter   = "${local.subscriber_lines} AND (jsonPayload.effects.access_changed:\"failed: \" OR (jsonPayload.effects.access_changed:\"to be tried again\" AND jsonPayload.attempt>=10))"
      says     = "It was refused for good, or ten deliveries of one message could not do it. A buyer whose money went back may still have access, or one whose dispute was won has none."
    }
    dispute_opened = {
      severity = "ERROR"
      title    = "A buyer's bank disputes a payment"
      filter   = "${local.subscriber_lines} AND (jsonPayload.noticed=\"dispute\" OR jsonPayload.noticed=\"inquiry\")"
      says     = "A dispute or an inquiry is new. Without evidence before its deadline it is lost; the line's `session` and `object` name it."
    }
    early_fraud_warning = {
      severity = "WARNING"
      title    = "A card's issuer suspects fraud"
      filter   = "${local.subscriber_lines} AND jsonPayload.noticed=\"early_fraud_warning\""
      says     = "Most of these payments are disputed later. A full refund before that prevents the dispute and its fee."
    }
    orders_held = {
      severity = "WARNING"
      title    = "An order is held for review"
      filter   = "${local.subscriber_lines} AND severity=WARNING AND (jsonPayload.outcome=\"created\" OR jsonPayload.outcome=\"advanced\" OR jsonPayload.outcome=\"duplicate\" OR jsonPayload.outcome=\"stale\")"
      says     = "The order's `review` says what is doubtful: hook.hold_on_review is on, or a refund or dispute made the order long after its sale. Nothing is fulfilled until a person releases it."
    }
    missing_orders = {
      severity = "ERROR"
      title    = "Paid at Stripe, not fulfilled here"
      filter   = "${local.reconcile_lines} AND (jsonPayload.missing>0 OR jsonPayload.behind>0)"
      says     = "Reconcile found checkouts whose events never became an order, or not all of them, and published what they say. They are being fulfilled now; why their events were lost is what to look for."
    }
    reconcile_blind = {
      severity = "WARNING"
      title    = "Reconcile cannot compare some orders"
      filter   = "${local.reconcile_lines} AND (jsonPayload.refused>0 OR jsonPayload.unreadable>0)"
      says     = "Stripe does not show a session that there is an order of, or a session or a document cannot be read. Whether those orders are where Stripe says is not known."
    }
  }

  webhook_bad_answers = "sum(increase(${local.log_metric["requests"]}{${local.of_webhook},status=~\"5..|429\"}[10m]))"
  webhook_answers     = "sum(increase(${local.log_metric["requests"]}{${local.of_webhook},status=~\"2..|5..|429\"}[10m]))"

  alerts_on_queries = merge({
    dead_letter = {
      severity = "WARNING" # what it is an alert of has been told: permanent_failures, access_failed, mail_refused, attempts_exhausted
      title    = "The dead letter is not empty"
      query    = "max(pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_dead_letter}}) > 0"
      says     = "Messages that could not be handled lie on the dead-letter subscription. Each needs a person, and is kept for 31 days; this is said again every day until none is left."
    }
    attempts_exhausted = {
      severity = "CRITICAL"
      title    = "Pub/Sub gave a message up"
      query    = "sum by (subscription_id) (increase(pubsub_googleapis_com:subscription_dead_letter_message_count{${local.of_subscriptions}}[10m])) > 0"
      says     = "A message failed ${var.subscribers.max_delivery_attempts} times, and Pub/Sub moved it to the dead-letter topic. Something that was taken for passing has lasted for hours."
    }
    oldest_unacked = {
      severity = "CRITICAL"
      title    = "An event has waited more than ${var.alerts.oldest_unacked_minutes} minutes to be handled"
      query = join(" or ", [
        for minutes, names in local.unacked_after :
        "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_pubsub},subscription_id=~\"${join("|", names)}\"}) > ${minutes * 60}"
      ])
      says = "Its subscriber fails, or something is still owed: an effect that fails, Stripe's API, Firestore. Pub/Sub tries again; the log lines with the outcome `retry` say why."
    }
    webhook_errors = {
      severity = "CRITICAL"
      title    = "The webhook fails"
      query    = "(${local.webhook_bad_answers} > ${var.alerts.webhook_errors_tolerated}) and (${local.webhook_bad_answers} / ${local.webhook_answers} > ${var.alerts.webhook_error_ratio})"
      says     = "More than ${var.alerts.webhook_error_ratio * 100} % of the requests within ten minutes were answered 5xx or 429. Stripe sends the events again, for up to three days; buyers wait on Stripe's page meanwhile."
    }
    signature_failures = {
      severity = "ERROR"
      title    = "Requests that claim to be Stripe's are refused"
      query    = "sum by (cause) (increase(${local.log_metric["webhook"]}{${local.of_webhook},outcome=\"refused\",cause=~\"wrong_secret|re_encoded_body|clock|malformed_event\"}[1h])) > ${var.alerts.signature_failures_per_hour}"
      says     = "They were answered 400, for the cause that the alert's label names. If they are Stripe's, orders are not arriving."
    }
    }, var.alerts.no_event_hours == null ? {} : {
    no_event = {
      severity = "CRITICAL"
      title    = "No event for ${local.no_event_minutes / 60} hours"
      query    = "(sum(increase(${local.log_metric["webhook"]}{${local.of_webhook},outcome=\"published\"}[${local.no_event_window}m])) or vector(0)) == 0"
      says     = "The webhook has stored no event of an order in all that time. Either there was no sale, or Stripe does not reach it."
    }
    }, local.stripe_events_count == 0 ? {} : {
    stripe_events_dead_letter = {
      severity = "ERROR"
      title    = "The dead letter of Stripe's other events is not empty"
      query    = "max(pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_stripe_events_dead_letter}}) > 0"
      says     = "A handler has refused events for good or failed too often, or a sink could not write them. Each needs a person, and is kept for 31 days; this is said again every day until none is left. No order is affected."
    }
    }, local.handlers_count == 0 ? {} : {
    handlers_unacked = {
      severity = "ERROR"
      title    = "An event has waited more than ${var.alerts.oldest_unacked_minutes} minutes for its handler"
      query    = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_handlers}}) > ${var.alerts.oldest_unacked_minutes * 60}"
      says     = "Your handler fails, or something that it calls. Pub/Sub tries again; the log lines of on_stripe_event with the outcome `retry` or `failed` say why. No order is affected."
    }
    }, length(local.sinks) == 0 ? {} : {
    sinks_unacked = {
      severity = "ERROR"
      title    = "An event has waited more than an hour for BigQuery or the archive"
      query    = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_sinks}}) > 3600"
      says     = "Pub/Sub cannot write to the table or the bucket: it was changed or deleted, or Pub/Sub's own account has lost its role, or the key is disabled. Events wait for seven days and are then lost to this copy. No order is affected."
    }
    }, local.reconcile_count == 0 ? {} : {
    no_reconcile = {
      severity = "ERROR"
      title    = "Reconcile does not run"
      query    = "(sum(increase(${local.log_metric["reconcile"]}{${local.of_reconcile},outcome=~\"reconciled|paused|overtaken\"}[${var.reconcile.every_minutes}m])) or vector(0)) == 0"
      says     = "For three times its interval no run has ended well. Orders whose events are lost are not found meanwhile."
    }
    late_orders = {
      severity = "CRITICAL"
      title    = "Paid and not fulfilled for ${var.reconcile.late_minutes} minutes"
      query    = "(${local.late[0]} - (${local.late_before}) > 0.4) or (${local.oldest_late[0]} < ${local.oldest_late[1]} and ${local.late[0]} > ${local.late[1]} - 0.1)"
      says     = "More orders than before are paid and not fulfilled, or others: your hook fails, was refused for good, or waits for a person. The `examples` of reconcile's line name the orders."
    }
    orders_stay_late = {
      severity = "WARNING"
      title    = "Orders are still paid and not fulfilled"
      query    = "sum(increase(${local.late_metric}_count{${local.of_reconcile}}[${local.late_window * 4}m])) > 0"
      says     = "Every run of reconcile counts orders that are late, and this is said again every day until none is. An order whose access is revoked, as after a full refund, is not counted."
    }
    # Each run counts the disputes that are due anew. So an alert on them asks for any in three windows, which hold a run, also if
    # one fails: it opens once and stays open until none is due. That another one has become due it says as a reminder. A rise of
    # the count would not tell: where deadlines are at the same hour, one dispute falls due in the run in which the next one comes.
    evidence_due_72h = {
      severity = "WARNING"
      title    = "A dispute without evidence is due within three days"
      query    = "sum(increase(${local.log_metric["evidence_due_72h"]}_count{${local.of_reconcile}}[${local.late_window * 3}m])) > 0"
      says     = "No evidence was submitted, and after the deadline the dispute is lost. This is said again every day until none is due; the `examples` of reconcile's line name some of the orders."
    }
    evidence_due_24h = {
      severity = "CRITICAL"
      title    = "A dispute without evidence is due within a day"
      query    = "sum(increase(${local.log_metric["evidence_due_24h"]}_count{${local.of_reconcile}}[${local.late_window * 3}m])) > 0"
      says     = "No evidence was submitted, and after the deadline the dispute is lost. This is said again every twelve hours until none is due; the `examples` of reconcile's line name some of the orders."
    }
  })

  # How many orders are late, as the mean of the runs of reconcile in a window, now and in the three windows before. A run counts
  # all of them anew, so one that stays late, as a held one does, is no alert again: what counts is more of them than in the
  # last window that says how many there were. The margin of 0.4 shows a single order also where a window holds two runs. A run
  # may take ten minutes, so a window shorter than twenty could be without one. As many as before, of which the oldest is younger,
  # are not the same ones.
  late_window  = max(var.reconcile.every_minutes, 20)
  late_metric  = local.log_metric["late"]
  late_offsets = ["", " offset ${local.late_window}m", " offset ${local.late_window * 2}m", " offset ${local.late_window * 3}m"]
  late         = [for back in local.late_offsets : replace(local.late_mean, "]", "]${back}")]
  late_mean    = "sum(increase(${local.late_metric}_sum{${local.of_reconcile}}[${local.late_window}m])) / sum(increase(${local.late_metric}_count{${local.of_reconcile}}[${local.late_window}m]))"
  oldest_late  = [for mean in local.late : replace(mean, local.late_metric, local.drift_metric["oldest_late_s"])]

  # After how many minutes an event that is not handled alerts, with the subscriptions. Without an API key an event of what comes
  # after a sale waits an hour for its order, and is parked by the next delivery: up to ten minutes later, and some for its way.
  unacked_after = {
    for key, each in local.subscriptions :
    var.alerts.oldest_unacked_minutes + (var.stripe.api_key_version == null && contains(keys(local.after_sale_subscribers), each.function) ? 75 : 0)
    => google_pubsub_subscription.subscriber[key].name...
  }

  # 0 for a window in which reconcile has found none. A run that goes on with a round that was interrupted does not look for late
  # orders, so nothing is said of a window in or before which that has happened.
  none_late = [
    for back in local.late_offsets :
    "(sum(increase(${local.log_metric["reconcile"]}{${local.of_reconcile},outcome=\"reconciled\"}[${local.late_window}m]${back})) > 0 unless sum(increase(${local.log_metric["reconcile"]}{${local.of_reconcile},outcome=~\"paused|overtaken|retry|failed\"}[${local.late_window * 2}m]${back})) > 0) * 0"
  ]
  late_before = "${join(" or ", [for window in [1, 2, 3] : "(${local.late[window]} > 0) or (${local.none_late[window]})"])} or vector(0)"

  # May stay open for days: said again after a day. Cloud Monitoring waits no longer than that.
  alert_reminders = {
    dead_letter               = local.reminder
    stripe_events_dead_letter = local.reminder
    orders_stay_late          = local.reminder
    evidence_due_72h          = local.reminder
    evidence_due_24h          = "43200s"
  }
  reminder = "86400s"

  # A query for what is missing is true from its first evaluation on. So its window is short, and it must stay true for the
  # rest of the time: else every first apply would alert.
  no_event_minutes = coalesce(var.alerts.no_event_hours, 1) * 60
  no_event_window  = min(60, local.no_event_minutes / 2)

  alert_durations = {
    no_event     = "${(local.no_event_minutes - local.no_event_window) * 60}s"
    no_reconcile = "${var.reconcile.every_minutes * 2 * 60}s"
  }

  notification_channels = {
    for severity in ["CRITICAL", "ERROR", "WARNING"] : severity => concat(
      [for email in sort(var.alerts.emails) : google_monitoring_notification_channel.email[email].name],
      sort(setunion(var.alerts.notification_channels, lookup(var.alerts.channels_by_severity, severity, []))),
    )
  }

  alert_names = distinct(concat(keys(local.alerts_on_lines), keys(local.alerts_on_queries), [
    "no_event", "no_reconcile", "late_orders", "orders_stay_late", "evidence_due_72h", "evidence_due_24h", "stripe_events_dead_letter", "handlers_unacked", "sinks_unacked", "ack_budget", "webhook_unreachable",
  ]))

  alert_policies = concat(
    values(google_monitoring_alert_policy.line),
    values(google_monitoring_alert_policy.query),
    [google_monitoring_alert_policy.webhook_unreachable],
    google_monitoring_alert_policy.ack_budget,
  )

  runbook = { for name in local.alert_names : name => "${var.alerts.docs_url}#${replace(name, "_", "-")}" }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alerts.emails

  project      = var.project_id
  display_name = "${var.name}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = local.labels

  lifecycle {
    # Cloud Monitoring deletes no channel that an alert still names. With this, an address that is removed is taken out of
    # the alerts first.
    create_before_destroy = true
  }

  depends_on = [google_project_service.api]
}

check "every_alert_has_a_receiver" {
  assert {
    condition     = alltrue([for channels in values(local.notification_channels) : length(channels) > 0])
    error_message = "Some alerts have no receiver: give alerts.emails or alerts.notification_channels, or all of CRITICAL, ERROR and WARNING in alerts.channels_by_severity."
  }
}

resource "google_monitoring_alert_policy" "line" {
  for_each = local.alerts_on_lines

  project               = var.project_id
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  enabled               = !contains(var.alerts.disabled, each.key)
  severity              = each.value.severity
  notification_channels = local.notification_channels[each.value.severity]
  user_labels           = merge(local.labels, { alert = each.key })

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter           = each.value.filter
      label_extractors = { service = "EXTRACT(resource.labels.service_name)" }
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "3600s" # for each service
    }
  }

  documentation {
    subject   = "${var.name}: ${each.value.title}"
    mime_type = "text/markdown"
    content   = "${each.value.says}\n\nService: $${log.extracted_label.service}\n\nWhat to do: [${local.runbook[each.key]}](${local.runbook[each.key]})"
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(var.alerts.disabled, local.alert_names)) == 0
      error_message = "alerts.disabled may name these: ${join(", ", sort(local.alert_names))}."
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "query" {
  for_each = local.alerts_on_queries

  project               = var.project_id
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  enabled               = !contains(var.alerts.disabled, each.key)
  severity              = each.value.severity
  notification_channels = local.notification_channels[each.value.severity]
  user_labels           = merge(local.labels, { alert = each.key })

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = lookup(local.alert_durations, each.key, "0s")
      evaluation_interval       = "60s"
      disable_metric_validation = true # a new metric is known to Cloud Monitoring only minutes later
    }
  }

  alert_strategy {
    auto_close = "1800s"

    dynamic "notification_channel_strategy" {
      for_each = contains(keys(local.alert_reminders), each.key) && length(local.notification_channels[each.value.severity]) > 0 ? [1] : []
      content {
        notification_channel_names = local.notification_channels[each.value.severity]
        renotify_interval          = local.alert_reminders[each.key]
      }
    }
  }

  documentation {
    subject   = "${var.name}: ${each.value.title}"
    mime_type = "text/markdown"
    content   = "${each.value.says}\n\nWhat to do: [${local.runbook[each.key]}](${local.runbook[each.key]})"
  }

  depends_on = [google_project_service.api]
}

# Alerts, objectives, dashboard, budget: what is made, and what is refused.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe                 = { livemode = true, api_key_version = 1 }
  stripe_api_key         = "rk_live_abcdefgh12345678"
  smtp_url               = "smtps://shop:hunter2@mail.acme.example:465"
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  alerts = {
    emails                = ["on-call@acme.example"]
    notification_channels = ["projects/acme-shop/notificationChannels/1234"]
    docs_url              = "https://acme.example/operations.md"
    no_event_hours        = 12
  }
  slos = { burn_rate_alert = true }
}

run "every_alert_tells_its_receiver_what_it_means_and_what_to_do" {
  assert {
    condition = toset([
      for policy in local.alert_policies : policy.user_labels.alert
      ]) == toset([
      "access_failed", "ack_budget", "attempts_exhausted", "callers_refused", "dead_letter", "dispute_opened", "early_fraud_warning",
      "events_ignored", "evidence_due_24h", "evidence_due_72h", "late_orders", "mail_refused",
      "missing_orders", "no_event", "no_reconcile", "oldest_unacked", "orders_held", "orders_stay_late", "other_livemode",
      "permanent_failures", "publish_failures", "reconcile_blind", "signature_failures", "stale_secret", "start_failures", "webhook_errors", "webhook_shut",
      "webhook_unreachable",
    ])
    error_message = "An alert is missing, or is not listed here."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      policy.documentation[0].mime_type == "text/markdown" && endswith(policy.documentation[0].content, "](https://acme.example/operations.md#${replace(policy.user_labels.alert, "_", "-")})")
    ])
    error_message = "Every alert must link to its section of the runbook."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      length(regexall("[^.]+\\. [^.]+", split("\n", policy.documentation[0].content)[0])) > 0 && length(policy.documentation[0].subject) <= 255
    ])
    error_message = "Every alert must say what it means, in two sentences."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      policy.notification_channels == tolist([google_monitoring_notification_channel.email["on-call@acme.example"].name, "projects/acme-shop/notificationChannels/1234"])
    ])
    error_message = "Every alert must notify every channel."
  }
  assert {
    condition     = alltrue([for email, channel in google_monitoring_notification_channel.email : channel.type == "email" && channel.labels == tomap({ email_address = email })])
    error_message = "An e-mail address must be a channel of its kind."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      policy.enabled && contains(["CRITICAL", "ERROR", "WARNING"], policy.severity) && policy.user_labels.deployment == "checkout" && startswith(policy.display_name, "checkout: ")
    ])
    error_message = "Every alert must be on, with a severity, and say which deployment it is of."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      contains(["1800s", "86400s"], policy.alert_strategy[0].auto_close)
    ])
    error_message = "Every alert must close by itself, after half an hour at least: Cloud Monitoring takes no less."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.line : policy.alert_strategy[0].notification_rate_limit[0].period == "3600s"])
    error_message = "An alert on log lines must have a rate limit: Cloud Monitoring asks for one."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.query : policy.conditions[0].condition_prometheus_query_language[0].disable_metric_validation])
    error_message = "A query must be accepted before its metric has data, or the first apply fails."
  }
}

run "a_pager_is_called_for_what_is_critical_alone" {
  variables {
    alerts = {
      emails               = ["on-call@acme.example"]
      channels_by_severity = { CRITICAL = ["projects/acme-shop/notificationChannels/911"], ERROR = ["projects/acme-shop/notificationChannels/42"] }
    }
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies : policy.notification_channels == tolist(concat(
        [google_monitoring_notification_channel.email["on-call@acme.example"].name],
        { CRITICAL = ["projects/acme-shop/notificationChannels/911"], ERROR = ["projects/acme-shop/notificationChannels/42"], WARNING = [] }[policy.severity],
      ))
    ])
    error_message = "Each alert must tell everybody, and the channels of its severity."
  }
  assert {
    condition     = google_monitoring_alert_policy.line["mail_refused"].severity == "WARNING" && google_monitoring_alert_policy.query["dead_letter"].severity == "WARNING" && google_monitoring_alert_policy.query["orders_stay_late"].severity == "WARNING"
    error_message = "A buyer's mistyped address must not call the pager, nor a refunded order."
  }
  assert {
    condition     = google_monitoring_alert_policy.line["permanent_failures"].severity == "CRITICAL" && google_monitoring_alert_policy.query["attempts_exhausted"].severity == "CRITICAL" && google_monitoring_alert_policy.query["late_orders"].severity == "CRITICAL"
    error_message = "A dead letter of any other kind, and an order that becomes late, must call it."
  }
}

run "what_stays_open_is_said_again_every_day" {
  assert {
    condition = { for policy in local.alert_policies : policy.user_labels.alert => one(policy.alert_strategy[0].notification_channel_strategy[*].renotify_interval) if length(policy.alert_strategy[0].notification_channel_strategy) > 0 } == {
      dead_letter = "86400s", orders_stay_late = "86400s", webhook_unreachable = "86400s", evidence_due_72h = "86400s", evidence_due_24h = "43200s"
    }
    error_message = "These stay open until a person acts, and one mail is forgotten."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies : alltrue([for strategy in policy.alert_strategy[0].notification_channel_strategy : strategy.notification_channel_names == policy.notification_channels])
    ])
    error_message = "A reminder must go to the channels of the first notice."
  }
}

run "an_order_that_stays_late_alerts_once" {
  command = plan
  variables {
    reconcile = { every_minutes = 120 }
  }
  assert {
    condition = google_monitoring_alert_policy.query["late_orders"].conditions[0].condition_prometheus_query_language[0].query == join("", [
      "(", local.late[0], " - ((", local.late[1], " > 0) or (", local.none_late[1], ") or (", local.late[2], " > 0) or (", local.none_late[2], ") or (", local.late[3], " > 0) or (", local.none_late[3], ") or vector(0)) > 0.4)",
      " or (", local.oldest_late[0], " < ", local.oldest_late[1], " and ", local.late[0], " > ", local.late[1], " - 0.1)",
    ])
    error_message = "More orders must be late than in the last window that says how many, or as many others."
  }
  assert {
    condition = local.none_late[1] == join("", [
      "(sum(increase(logging_googleapis_com:user_checkout_reconcile{${local.of_reconcile},outcome=\"reconciled\"}[120m] offset 120m)) > 0",
      " unless sum(increase(logging_googleapis_com:user_checkout_reconcile{${local.of_reconcile},outcome=~\"paused|overtaken|retry|failed\"}[240m] offset 120m)) > 0) * 0",
    ])
    error_message = "A window in which reconcile found none must count as 0, but for a run that went on where one was interrupted."
  }
  assert {
    condition = local.oldest_late[1] == join(" / ", [
      for kind in ["sum", "count"] : "sum(increase(logging_googleapis_com:user_checkout_reconcile_oldest_late_s_${kind}{${local.of_reconcile}}[120m] offset 120m))"
    ])
    error_message = "Whether they are the same orders is known by the age of the oldest."
  }
  assert {
    condition = local.late[2] == join(" / ", [
      for kind in ["sum", "count"] : "sum(increase(logging_googleapis_com:user_checkout_reconcile_any_late_${kind}{${local.of_reconcile}}[120m] offset 240m))"
    ])
    error_message = "What is compared is the mean of the runs in a window that has one."
  }
  assert {
    condition     = google_logging_metric.any["late"].filter == "${local.reconcile_lines} AND jsonPayload.late>0" && google_logging_metric.any["late"].value_extractor == "EXTRACT(jsonPayload.late)"
    error_message = "A run that goes on where one was interrupted counts none, and must not be taken for one that found none."
  }
}

run "a_deadline_opens_one_incident_that_lasts_as_long_as_a_dispute_is_due" {
  command = plan
  variables {
    reconcile = { every_minutes = 120 }
  }
  assert {
    condition = alltrue([
      for within in ["24h", "72h"] :
      google_monitoring_alert_policy.query["evidence_due_${within}"].conditions[0].condition_prometheus_query_language[0].query
      == "sum(increase(logging_googleapis_com:user_checkout_reconcile_any_evidence_due_${within}_count{${local.of_reconcile}}[360m])) > 0"
    ])
    error_message = "The window must hold a run of reconcile also if one fails, or each run would open the alert anew."
  }
  assert {
    condition = alltrue([
      for within, metric in google_logging_metric.any :
      metric.filter == "${local.reconcile_lines} AND jsonPayload.${within}>0" && metric.value_extractor == "EXTRACT(jsonPayload.${within})"
    ])
    error_message = "A run that found none must not count."
  }
  assert {
    condition     = google_monitoring_alert_policy.query["evidence_due_72h"].severity == "WARNING" && google_monitoring_alert_policy.query["evidence_due_24h"].severity == "CRITICAL"
    error_message = "The last day calls the pager."
  }
}

run "without_a_key_no_deadline_is_known_and_an_event_after_the_sale_may_wait_an_hour_for_its_order" {
  command = plan
  variables {
    stripe         = { livemode = true }
    stripe_api_key = null
  }
  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.query), "evidence_due_72h") && !contains(keys(google_monitoring_alert_policy.query), "evidence_due_24h") && contains(keys(google_monitoring_alert_policy.line), "dispute_opened")
    error_message = "Reconcile counts the deadlines, and does not run. That a dispute is new is known all the same."
  }
  assert {
    condition = google_monitoring_alert_policy.query["oldest_unacked"].conditions[0].condition_prometheus_query_language[0].query == join(" or ", [
      for beyond in [
        "\"checkout-failed|checkout-failed-thin|checkout-succeeded|checkout-succeeded-thin|checkout-completed|checkout-completed-thin\"}) > 900",
        "\"checkout-dispute|checkout-dispute-thin|checkout-refund|checkout-refund-thin\"}) > 5400",
      ] : "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_pubsub},subscription_id=~${beyond}"
    ])
    error_message = "An event whose order is not here yet must not call the pager before it is parked."
  }
  assert {
    condition     = alltrue([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : !startswith(tile.widget.title, "Open disputes")])
    error_message = "Nothing counts open disputes."
  }
}

run "a_window_holds_a_run_however_often_they_are" {
  command = plan
  variables {
    reconcile = { every_minutes = 5 }
  }
  assert {
    condition     = local.late_window == 20
    error_message = "A run may take ten minutes."
  }
}

run "a_shut_webhook_is_noticed_without_traffic" {
  assert {
    condition = (
      google_monitoring_uptime_check_config.webhook.http_check[0].request_method == "GET"
      && google_monitoring_uptime_check_config.webhook.http_check[0].accepted_response_status_codes[0].status_value == 405
      && google_monitoring_uptime_check_config.webhook.http_check[0].path == "/"
      && google_monitoring_uptime_check_config.webhook.monitored_resource[0].labels.host == trimprefix(google_cloudfunctions2_function.this["stripe_webhook"].service_config[0].uri, "https://")
    )
    error_message = "Cloud Monitoring must ask the webhook itself, with a GET that it answers with 405."
  }
  assert {
    condition     = contains([60, 300, 600, 900], tonumber(trimsuffix(google_monitoring_uptime_check_config.webhook.period, "s"))) && tonumber(trimsuffix(google_monitoring_uptime_check_config.webhook.timeout, "s")) <= 60
    error_message = "Cloud Monitoring knows these periods only, and waits a minute at most."
  }
  assert {
    condition     = tonumber(trimsuffix(google_monitoring_alert_policy.webhook_unreachable.conditions[0].condition_threshold[0].aggregations[0].alignment_period, "s")) >= 2 * tonumber(trimsuffix(google_monitoring_uptime_check_config.webhook.period, "s"))
    error_message = "A look that comes late would be a gap, and the alert would begin to wait anew."
  }
  assert {
    condition = (
      strcontains(google_monitoring_alert_policy.webhook_unreachable.conditions[0].condition_threshold[0].filter, "check_id=\"${google_monitoring_uptime_check_config.webhook.uptime_check_id}\"")
      && google_monitoring_alert_policy.webhook_unreachable.conditions[0].condition_threshold[0].aggregations[0].cross_series_reducer == "REDUCE_COUNT_FALSE"
      && google_monitoring_alert_policy.webhook_unreachable.conditions[0].condition_threshold[0].comparison == "COMPARISON_GT"
      && google_monitoring_alert_policy.webhook_unreachable.conditions[0].condition_threshold[0].threshold_value == 1
    )
    error_message = "The alert must count the places from which this check fails."
  }
}

run "a_webhook_behind_a_load_balancer_is_asked_by_its_own_address" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], webhook_url = "https://pay.acme.example/stripe/events" }
  }
  assert {
    condition     = google_monitoring_uptime_check_config.webhook.monitored_resource[0].labels.host == "pay.acme.example" && google_monitoring_uptime_check_config.webhook.http_check[0].path == "/stripe/events"
    error_message = "The address that Stripe calls is the one that must be open."
  }
}

run "a_webhook_that_is_not_open_yet_is_not_told_of" {
  command = plan
  variables {
    alerts  = { emails = ["on-call@acme.example"] }
    webhook = { public = false }
  }
  assert {
    condition     = !google_monitoring_alert_policy.webhook_unreachable.enabled
    error_message = "The first apply makes a webhook that may not be called: a person opens it afterwards."
  }
}

run "a_webhook_that_was_opened_by_hand_is_watched_once_its_address_is_given" {
  command = plan
  variables {
    alerts  = { emails = ["on-call@acme.example"], webhook_url = "https://europe-west1-acme-shop.cloudfunctions.net/checkout-webhook" }
    webhook = { public = false }
  }
  assert {
    condition     = google_monitoring_alert_policy.webhook_unreachable.enabled
    error_message = "A deployment may shut what was opened by hand."
  }
}

run "the_alert_on_a_webhook_that_was_opened_by_hand_can_be_disabled" {
  command = plan
  variables {
    alerts  = { emails = ["on-call@acme.example"], webhook_url = "https://pay.acme.example/stripe", disabled = ["webhook_unreachable"] }
    webhook = { public = false }
  }
  assert {
    condition     = !google_monitoring_alert_policy.webhook_unreachable.enabled
    error_message = "What is disabled stays off."
  }
}

run "lines_are_those_of_this_deployment" {
  variables {
    name = "acme-test"
  }
  assert {
    condition = alltrue(flatten([
      for filter in concat([for policy in google_monitoring_alert_policy.line : policy.conditions[0].condition_matched_log[0].filter], [for metric in google_logging_metric.this : metric.filter], [for metric in google_logging_metric.drift : metric.filter], [for metric in google_logging_metric.any : metric.filter]) : [
        startswith(filter, "resource.type=\"cloud_run_revision\" AND resource.labels.service_name="),
        can(regex("service_name=\"acme-test-(webhook|reconcile)\"", filter)) || can(regex("service_name=\\(.*\"acme-test-completed\".*\\)", filter)),
      ]
    ]))
    error_message = "Every filter must name the services of this deployment."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.query : can(regex("\"acme-test-(webhook|reconcile|events-dead-letter|failed\\|acme-test-failed-thin\\|acme-test-succeeded\\|acme-test-succeeded-thin\\|acme-test-completed\\|acme-test-completed-thin\\|acme-test-dispute\\|acme-test-dispute-thin\\|acme-test-refund\\|acme-test-refund-thin)\"", policy.conditions[0].condition_prometheus_query_language[0].query))])
    error_message = "Every query must name the parts of this deployment."
  }
  assert {
    condition     = toset([for metric in google_logging_metric.this : metric.name]) == toset(["acme-test-webhook", "acme-test-deliveries", "acme-test-effects", "acme-test-after-sale", "acme-test-reconcile", "acme-test-requests"])
    error_message = "Two deployments in one project need metrics of their own."
  }
  assert {
    condition     = alltrue([for metric in google_logging_metric.this : toset([for label in metric.metric_descriptor[0].labels : label.key]) == toset(keys(metric.label_extractors)) && length(metric.label_extractors) <= 10])
    error_message = "Every label must have its extractor; Cloud Logging allows ten."
  }
  assert {
    condition = alltrue([
      for extractor in concat(
        flatten([for metric in google_logging_metric.this : values(metric.label_extractors)]),
        flatten([for policy in google_monitoring_alert_policy.line : values(policy.conditions[0].condition_matched_log[0].label_extractors)]),
        [for metric in google_logging_metric.drift : metric.value_extractor],
        [for metric in google_logging_metric.any : metric.value_extractor],
      ) : can(regex("^(EXTRACT\\([a-zA-Z0-9_.]+\\)|REGEXP_EXTRACT\\([a-zA-Z_.]+, \".*\\(.*\\).*\"\\))$", extractor))
    ])
    error_message = "A value must be taken by EXTRACT(field) or by REGEXP_EXTRACT(field, \"expression with a group\")."
  }
}

run "the_thresholds_are_the_user_s" {
  variables {
    alerts = {
      emails                      = ["on-call@acme.example"]
      oldest_unacked_minutes      = 7
      webhook_error_ratio         = 0.25
      webhook_errors_tolerated    = 40
      signature_failures_per_hour = 30
      no_event_hours              = 720
      disabled                    = ["other_livemode"]
    }
  }
  assert {
    condition     = endswith(google_monitoring_alert_policy.query["oldest_unacked"].conditions[0].condition_prometheus_query_language[0].query, "> 420")
    error_message = "Minutes must become seconds."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["webhook_errors"].conditions[0].condition_prometheus_query_language[0].query, "> 40)") && strcontains(google_monitoring_alert_policy.query["webhook_errors"].conditions[0].condition_prometheus_query_language[0].query, "> 0.25)")
    error_message = "Both limits of the webhook's failures must be the user's."
  }
  assert {
    condition     = endswith(google_monitoring_alert_policy.query["signature_failures"].conditions[0].condition_prometheus_query_language[0].query, "> 30")
    error_message = "The limit of refused signatures must be the user's."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["no_event"].conditions[0].condition_prometheus_query_language[0].query, "outcome=\"published\"}[60m])) or vector(0)) == 0") && google_monitoring_alert_policy.query["no_event"].conditions[0].condition_prometheus_query_language[0].duration == "${719 * 3600}s"
    error_message = "No event at all, from the first day on, must alert too: not only an end of events."
  }
  assert {
    condition     = !google_monitoring_alert_policy.line["other_livemode"].enabled && google_monitoring_alert_policy.line["permanent_failures"].enabled
    error_message = "An alert that is disabled must be off, and no other."
  }
}

run "a_first_apply_does_not_alert_of_what_has_not_had_time_to_happen" {
  command = plan
  variables {
    alerts    = { emails = ["on-call@acme.example"], no_event_hours = 1 }
    reconcile = { every_minutes = 5 }
  }
  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.query :
      policy.conditions[0].condition_prometheus_query_language[0].duration != "0s"
      if policy.user_labels.alert == "no_event" || policy.user_labels.alert == "no_reconcile"
    ])
    error_message = "A query for what is missing must stay true for a while: it is true at the first apply."
  }
  assert {
    condition     = local.no_event_window == 30 && google_monitoring_alert_policy.query["no_event"].conditions[0].condition_prometheus_query_language[0].duration == "1800s"
    error_message = "Half an hour's window and half an hour's duration are the hour that was asked for."
  }
}

run "what_is_not_asked_for_is_not_made" {
  variables {
    alerts = { emails = ["on-call@acme.example"] }
    slos   = {}

    # The door may be opened by hand then, and shut by a later deployment.
    webhook = { public = false }
  }
  assert {
    condition     = google_monitoring_alert_policy.line["webhook_shut"].enabled
    error_message = "A webhook that is opened by hand may be shut by the next deployment."
  }
  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.query), "no_event")
    error_message = "A shop that sells once a week must not be woken every day."
  }
  assert {
    condition     = length(google_monitoring_alert_policy.ack_budget) == 0
    error_message = "The burn-rate alert is off by default."
  }
  assert {
    condition     = length(google_billing_budget.monthly) == 0 && !contains(keys(google_project_service.api), "billingbudgets.googleapis.com")
    error_message = "There is no budget by default."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.line : strcontains(policy.documentation[0].content, "(docs/operations.md#")])
    error_message = "Without an address the alerts name the file."
  }
}

run "a_silent_deployment_is_warned_of" {
  command = plan
  variables {
    alerts = {}
  }
  assert {
    condition     = alltrue([for policy in local.alert_policies : length(policy.alert_strategy[0].notification_channel_strategy) == 0])
    error_message = "A reminder of no channel must be left out: Cloud Monitoring's strategy is of the policy's own channels."
  }
  expect_failures = [check.every_alert_has_a_receiver]
}

run "a_severity_without_a_receiver_is_warned_of" {
  command = plan
  variables {
    alerts = { channels_by_severity = { CRITICAL = ["projects/acme-shop/notificationChannels/911"], ERROR = ["projects/acme-shop/notificationChannels/911"] } }
  }
  expect_failures = [check.every_alert_has_a_receiver]
}

run "every_severity_by_itself_is_enough" {
  command = plan
  variables {
    alerts = { channels_by_severity = { for severity in ["CRITICAL", "ERROR", "WARNING"] : severity => ["projects/acme-shop/notificationChannels/911"] } }
  }
}

run "an_alert_that_does_not_exist_cannot_be_disabled" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], disabled = ["dead-letter"] }
  }
  expect_failures = [google_monitoring_alert_policy.line]
}

run "the_objectives_count_what_matters" {
  assert {
    condition     = endswith(google_monitoring_slo.acked.request_based_sli[0].good_total_ratio[0].good_service_filter, "response_code_class=\"2xx\"") && endswith(google_monitoring_slo.acked.request_based_sli[0].good_total_ratio[0].bad_service_filter, "response_code_class=\"5xx\"")
    error_message = "Refusals must count neither way: everyone can cause them."
  }
  assert {
    condition     = try(google_monitoring_slo.acked.request_based_sli[0].good_total_ratio[0].total_service_filter, null) == null && alltrue([for slo in google_monitoring_slo.in_time : slo.windows_based_sli[0].window_period == "300s"])
    error_message = "Cloud Monitoring takes two of the three filters, and a window in seconds."
  }
  assert {
    condition     = google_monitoring_slo.acked.goal == 0.999 && google_monitoring_slo.acked.rolling_period_days == 28
    error_message = "The objective is 99.9 % over 28 days."
  }
  assert {
    condition = alltrue([
      for key, slo in google_monitoring_slo.in_time :
      slo.windows_based_sli[0].metric_mean_in_range[0].range[0].max == 600 && slo.goal == 0.99
      && strcontains(slo.windows_based_sli[0].metric_mean_in_range[0].time_series, "subscription_id=\"${google_pubsub_subscription.subscriber[key].name}\"")
    ])
    error_message = "Each subscription has an objective of its own: the mean of six would hide one."
  }
  assert {
    condition     = toset([for slo in google_monitoring_slo.in_time : slo.slo_id]) == toset(["in-time-completed", "in-time-succeeded", "in-time-failed", "in-time-completed-thin", "in-time-succeeded-thin", "in-time-failed-thin"])
    error_message = "Each subscription of sales has an objective; for what comes after a sale no buyer waits."
  }
  assert {
    condition     = length(distinct([for slo in google_monitoring_slo.in_time : slo.display_name])) == 6
    error_message = "What an objective is of is in its name."
  }
  assert {
    condition     = google_monitoring_alert_policy.ack_budget[0].conditions[0].condition_threshold[0].filter == "select_slo_burn_rate(\"${google_monitoring_slo.acked.name}\", \"86400s\")"
    error_message = "The burn-rate alert must be of the webhook's objective."
  }
}

run "the_dashboard_fits_its_grid" {
  assert {
    condition     = alltrue([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : try(tile.xPos, 0) + tile.width <= 12 && tile.width >= 3 && tile.height >= 3])
    error_message = "Every tile must be inside, and large enough to read."
  }
  assert {
    condition = length(distinct(flatten([
      for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : [for x in range(tile.width) : [for y in range(tile.height) : "${try(tile.xPos, 0) + x} ${try(tile.yPos, 0) + y}"]]
    ]))) == sum([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : tile.width * tile.height])
    error_message = "Tiles must not lie on each other."
  }
  assert {
    condition     = !can(regex("\"[xy]Pos\":0", google_monitoring_dashboard.this.dashboard_json))
    error_message = "A zero is left out by the API, and would be a change in every plan."
  }
  assert {
    condition     = alltrue([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : length(tile.widget.title) > 0])
    error_message = "Every tile must have a title."
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles[1].widget.incidentList.policyNames) == length(local.alert_policies) && alltrue([for name in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles[1].widget.incidentList.policyNames : startswith(name, "alertPolicies/")])
    error_message = "The open alerts must be listed, named without the project."
  }
  assert {
    condition     = strcontains(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles[0].widget.text.content, "(https://acme.example/operations.md#where-is-my-order)")
    error_message = "The dashboard must link the runbook."
  }
}

run "a_budget_tells_the_same_people" {
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40, currency = "EUR" }
  }
  assert {
    condition     = google_billing_budget.monthly[0].budget_filter[0].projects == toset(["projects/123456789"]) && google_billing_budget.monthly[0].amount[0].specified_amount[0].units == "40" && google_billing_budget.monthly[0].amount[0].specified_amount[0].currency_code == "EUR"
    error_message = "The budget is this project's, in the currency that was given."
  }
  assert {
    condition     = [for rule in google_billing_budget.monthly[0].threshold_rules : rule.threshold_percent] == [0.5, 0.9, 1]
    error_message = "It tells at 50, 90 and 100 %."
  }
  assert {
    condition     = google_billing_budget.monthly[0].all_updates_rule[0].monitoring_notification_channels == tolist([google_monitoring_notification_channel.email["on-call@acme.example"].id])
    error_message = "It tells the e-mail channels: a budget knows no others."
  }
}

run "a_budget_tells_five_addresses_at_most" {
  command = plan
  variables {
    alerts = { emails = [for name in ["a", "b", "c", "d", "e", "f"] : "${name}@acme.example"] }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40 }
  }
  expect_failures = [google_billing_budget.monthly]
}

# Every input that is refused: each run breaks one rule of each variable.

run "refuses_no_addresses_no_days_no_account" {
  command = plan
  variables {
    alerts = { emails = ["on-call"] }
    slos   = { days = 31 }
    budget = { billing_account = "billingAccounts/012345-6789AB-CDEF01", amount = 40 }
  }
  expect_failures = [var.alerts, var.slos, var.budget]
}

run "refuses_short_channel_names_impossible_goals_cents" {
  command = plan
  variables {
    alerts = { notification_channels = ["1234"] }
    slos   = { acked = 1 }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40.5 }
  }
  expect_failures = [var.alerts, var.slos, var.budget]
}

run "refuses_an_address_with_a_section_goals_of_nothing_signs_of_currencies" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], docs_url = "https://acme.example/operations.md#dead-letter" }
    slos   = { in_time = 0 }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40, currency = "€" }
  }
  expect_failures = [var.alerts, var.slos, var.budget]
}

run "refuses_half_minutes_no_minutes_no_thresholds" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], oldest_unacked_minutes = 0.5 }
    slos   = { in_time_minutes = 0 }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40, thresholds = [] }
  }
  expect_failures = [var.alerts, var.slos, var.budget]
}

run "refuses_percents_for_shares" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], webhook_error_ratio = 5 }
  }
  expect_failures = [var.alerts]
}

run "webhook_errors_counts_what_no_instance_got" {
  assert {
    condition     = length(regexall("user_checkout_requests\\{[^}]*status=~\"(2..\\|)?5..\\|429\"", google_monitoring_alert_policy.query["webhook_errors"].conditions[0].condition_prometheus_query_language[0].query)) == 3
    error_message = "The request log has the 429 of a webhook at its maximum of instances; request_count has not."
  }
}

run "refuses_an_address_of_the_webhook_with_a_query" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], webhook_url = "https://pay.acme.example/stripe?a=b" }
  }
  expect_failures = [var.alerts]
}

run "refuses_a_severity_that_no_alert_has" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], channels_by_severity = { critical = ["projects/acme-shop/notificationChannels/911"] } }
  }
  expect_failures = [var.alerts]
}

run "refuses_seventeen_channels" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], channels_by_severity = { ERROR = [for id in range(16) : "projects/acme-shop/notificationChannels/${id}"] } }
  }
  expect_failures = [var.alerts]
}

run "refuses_less_than_no_errors" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], webhook_errors_tolerated = -1 }
  }
  expect_failures = [var.alerts]
}

run "refuses_less_than_no_refusals_and_thresholds_in_percent" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], signature_failures_per_hour = -1 }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 40, thresholds = [50, 90] }
  }
  expect_failures = [var.alerts, var.budget]
}

run "refuses_to_wait_longer_than_thirty_days" {
  command = plan
  variables {
    alerts = { emails = ["on-call@acme.example"], no_event_hours = 721 }
  }
  expect_failures = [var.alerts]
}

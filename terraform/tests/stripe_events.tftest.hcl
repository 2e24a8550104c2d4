# Stripe's other events: what a route adds to a deployment, what handlers add, and what is refused.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe                 = { livemode = true, api_key_version = 1, order_filter = "metadata.shop=acme" }
  stripe_api_key         = "rk_live_abcdefgh12345678"
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  smtp_url               = ""
  events                 = { route = ["invoice.paid", "customer.subscription.*"], handlers = true }
  hook = {
    environment = { WAREHOUSE_URL = "https://warehouse.acme.example" }
    secrets     = { WAREHOUSE_KEY = { secret = "warehouse-key" } }
    roles       = ["roles/cloudtasks.enqueuer"]
  }
}

run "a_route_makes_two_topics_and_tells_the_webhook" {
  variables {
    events = { route = ["invoice.paid", "customer.subscription.*"] }
    topics = { events_retention_days = 3 }
  }

  assert {
    condition     = { for topic in ["stripe_events", "stripe_events_dead_letter"] : google_pubsub_topic.this[topic].name => google_pubsub_topic.this[topic].message_retention_duration } == { checkout-stripe-events = "259200s", checkout-stripe-events-dead-letter = "2678400s" }
    error_message = "Events are kept as long as those of orders, and dead letters for 31 days."
  }
  assert {
    condition = (
      google_pubsub_subscription.stripe_events_dead_letter[0].name == "checkout-stripe-events-dead-letter"
      && google_pubsub_subscription.stripe_events_dead_letter[0].topic == google_pubsub_topic.this["stripe_events_dead_letter"].id
      && google_pubsub_subscription.stripe_events_dead_letter[0].message_retention_duration == "2678400s"
      && google_pubsub_subscription.stripe_events_dead_letter[0].expiration_policy[0].ttl == ""
      && length(google_pubsub_subscription.stripe_events_dead_letter[0].push_config) == 0
    )
    error_message = "Dead letters wait for a person for 31 days, and are pulled."
  }
  assert {
    condition = (
      google_pubsub_topic_iam_member.agent_publishes_stripe_events_dead_letters[0].topic == "checkout-stripe-events-dead-letter"
      && google_pubsub_topic_iam_member.agent_publishes_stripe_events_dead_letters[0].role == "roles/pubsub.publisher"
      && google_pubsub_topic_iam_member.agent_publishes_stripe_events_dead_letters[0].member == local.pubsub_agent
    )
    error_message = "Without publisher on the dead-letter topic nothing is forwarded, and no error appears."
  }
  assert {
    condition = (
      local.environment["stripe_webhook"].ROUTED_EVENTS == "invoice.paid,customer.subscription.*"
      && local.environment["stripe_webhook"].STRIPE_EVENTS_TOPIC == "checkout-stripe-events"
      && local.environment["stripe_webhook"].EVENTS_TOPIC == "checkout-events"
    )
    error_message = "The webhook is told which types it routes, and where."
  }
  assert {
    condition     = [for name, each in google_pubsub_topic_iam_member.publisher : name if startswith(each.topic, "checkout-stripe-events")] == ["stripe_webhook stripe_events"]
    error_message = "The webhook alone publishes Stripe's other events."
  }
  assert {
    condition     = length(google_pubsub_subscription.stripe_events) == 0 && !contains(keys(google_cloudfunctions2_function.this), "on_stripe_event") && output.deployment.stripe_events.handlers == null
    error_message = "A route alone runs no handler."
  }
  assert {
    condition     = length(google_pubsub_subscription.subscriber) == 10 && alltrue([for each in google_pubsub_subscription.subscriber : each.topic == google_pubsub_topic.this["events"].id])
    error_message = "The orders' events stay on their own topic."
  }
}

run "a_sink_alone_has_topics_that_no_function_publishes_to" {
  command = plan

  variables {
    events = { archive = {} }
  }

  assert {
    condition     = contains(keys(google_pubsub_topic.this), "stripe_events") && contains(keys(google_pubsub_topic.this), "stripe_events_dead_letter") && length(google_pubsub_subscription.stripe_events_dead_letter) == 1
    error_message = "A sink has a dead letter."
  }
  assert {
    condition     = !contains(keys(google_pubsub_topic_iam_member.publisher), "stripe_webhook stripe_events") && !can(local.environment["stripe_webhook"].STRIPE_EVENTS_TOPIC) && !can(local.environment["stripe_webhook"].ROUTED_EVENTS)
    error_message = "Where nothing is routed the webhook may publish orders' events only."
  }
}

run "handlers_run_as_an_account_of_their_own_and_pubsub_alone_calls_them" {
  assert {
    condition = (
      google_cloudfunctions2_function.this["on_stripe_event"].name == "checkout-stripe-events"
      && google_cloudfunctions2_function.this["on_stripe_event"].build_config[0].entry_point == "on_stripe_event"
      && google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].service_account_email == google_service_account.function["on_stripe_event"].email
      && google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    )
    error_message = "The function is its own account's, and cannot be reached from the internet."
  }
  assert {
    condition     = google_service_account.function["on_stripe_event"].account_id == "checkout-stripe-events" && google_service_account.caller["on_stripe_event"].account_id == "checkout-push-events"
    error_message = "Function and caller have accounts of their own."
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.invoker["on_stripe_event"].member == google_service_account.caller["on_stripe_event"].member && google_cloud_run_v2_service_iam_member.invoker["on_stripe_event"].role == "roles/run.invoker"
    error_message = "Only its push account may call it."
  }
  assert {
    condition = { for name in ["timeout_seconds", "max_instance_count", "max_instance_request_concurrency", "available_memory"] : name => google_cloudfunctions2_function.this["on_stripe_event"].service_config[0][name] } == {
      for name in ["timeout_seconds", "max_instance_count", "max_instance_request_concurrency", "available_memory"] : name => google_cloudfunctions2_function.this["on_async_payment_failed"].service_config[0][name]
    }
    error_message = "A handler has a hook's time and limits."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].min_instance_count == 0
    error_message = "No buyer waits for a handler: none is kept warm."
  }
}

run "handlers_may_read_the_orders_and_park_and_no_more" {
  assert {
    condition     = { for name, each in google_pubsub_topic_iam_member.publisher : name => each.topic if startswith(name, "on_stripe_event ") } == { "on_stripe_event stripe_events_dead_letter" = "checkout-stripe-events-dead-letter" }
    error_message = "A handler's messages are parked on the dead letter of Stripe's other events."
  }
  assert {
    condition     = google_project_iam_member.orders["on_stripe_event"].role == "roles/datastore.viewer" && length(google_project_iam_member.orders["on_stripe_event"].condition) == 1
    error_message = "A handler looks orders up in this database, and changes none."
  }
  assert {
    condition     = toset([for name, each in google_secret_manager_secret_iam_member.accessor : each.secret_id if startswith(name, "on_stripe_event ")]) == toset(["checkout-stripe-api-key", "warehouse-key"])
    error_message = "It reads Stripe's key, and the secrets of the user's code."
  }
  assert {
    condition     = contains([for each in google_project_iam_member.hook : "${each.member} ${each.role}"], "${google_service_account.function["on_stripe_event"].member} roles/cloudtasks.enqueuer")
    error_message = "It has the roles that the user's code asks for."
  }
  assert {
    condition = local.environment["on_stripe_event"] == {
      WAREHOUSE_URL        = "https://warehouse.acme.example"
      GOOGLE_CLOUD_PROJECT = "acme-shop"
      STRIPE_LIVEMODE      = "true"
      ROUTED_EVENTS        = "invoice.paid,customer.subscription.*"
      DEAD_LETTER_TOPIC    = "checkout-stripe-events-dead-letter"
      FIRESTORE_DATABASE   = "checkout-orders"
      ORDERS_COLLECTION    = "orders"
      STRIPE_API_KEY_FILE  = "/secrets/stripe_api_key/secret"
      HOOK_TIMEOUT         = "30"
    }
    error_message = "It is told what it reads, and the variables of the user's code."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].secret_environment_variables[*].key == tolist(["WAREHOUSE_KEY"])
    error_message = "The secrets of the user's code are variables."
  }
  assert {
    condition     = keys(output.subscriber_accounts) == ["on_async_payment_failed", "on_async_payment_succeeded", "on_checkout_session_completed", "on_dispute", "on_refund", "on_stripe_event"]
    error_message = "The accounts that the user's code runs as are told."
  }
}

run "every_routed_event_is_pushed_signed_retried_and_dead_lettered" {
  assert {
    condition = (
      google_pubsub_subscription.stripe_events[0].name == "checkout-stripe-events"
      && google_pubsub_subscription.stripe_events[0].topic == google_pubsub_topic.this["stripe_events"].id
      && google_pubsub_subscription.stripe_events[0].filter == null
      && google_pubsub_subscription.stripe_events[0].expiration_policy[0].ttl == ""
    )
    error_message = "The handlers get all that is routed, and the subscription does not expire."
  }
  assert {
    condition = (
      google_pubsub_subscription.stripe_events[0].push_config[0].push_endpoint == google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].uri
      && google_pubsub_subscription.stripe_events[0].push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].uri
      && google_pubsub_subscription.stripe_events[0].push_config[0].oidc_token[0].service_account_email == google_service_account.caller["on_stripe_event"].email
    )
    error_message = "Pub/Sub pushes to the handlers' function, as its own push account."
  }
  assert {
    condition = (
      google_pubsub_subscription.stripe_events[0].dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.this["stripe_events_dead_letter"].id
      && google_pubsub_subscription.stripe_events[0].dead_letter_policy[0].max_delivery_attempts == 100
      && google_pubsub_subscription.stripe_events[0].retry_policy[0].minimum_backoff == "10s"
      && google_pubsub_subscription.stripe_events[0].retry_policy[0].maximum_backoff == "600s"
      && google_pubsub_subscription.stripe_events[0].ack_deadline_seconds == google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].timeout_seconds + 30
    )
    error_message = "It comes again as an order's event does, and becomes a dead letter of its own topic."
  }
  assert {
    condition = (
      google_pubsub_subscription_iam_member.agent_acknowledges_stripe_events_dead_letters[0].subscription == "checkout-stripe-events"
      && google_pubsub_subscription_iam_member.agent_acknowledges_stripe_events_dead_letters[0].role == "roles/pubsub.subscriber"
      && google_pubsub_subscription_iam_member.agent_acknowledges_stripe_events_dead_letters[0].member == local.pubsub_agent
      && google_service_account_iam_member.agent_signs_pushes["on_stripe_event"].service_account_id == google_service_account.caller["on_stripe_event"].name
      && google_service_account_iam_member.agent_signs_pushes["on_stripe_event"].member == local.pubsub_agent
    )
    error_message = "Pub/Sub may move its dead letters, and sign as its push account."
  }
}

run "the_operator_s_commands_find_all_of_it" {
  assert {
    condition = jsonencode(output.deployment.stripe_events) == jsonencode({
      route                    = ["invoice.paid", "customer.subscription.*"]
      topic                    = "checkout-stripe-events"
      dead_letter              = "checkout-stripe-events-dead-letter"
      dead_letter_subscription = "checkout-stripe-events-dead-letter"
      handlers = {
        function     = "checkout-stripe-events"
        url          = google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].uri
        subscription = "checkout-stripe-events"
        push_account = "checkout-push-events@acme-shop.iam.gserviceaccount.com"
        account      = "checkout-stripe-events@acme-shop.iam.gserviceaccount.com"
      }
      bigquery = null
      archive  = null
    })
    error_message = "The output says what was made."
  }
}

run "handlers_are_watched_apart_from_the_orders" {
  variables {
    alerts = { emails = ["on-call@acme.example"], no_event_hours = 12, oldest_unacked_minutes = 7 }
  }

  assert {
    condition = { for name in ["stripe_events_dead_letter", "handlers_unacked"] : name => google_monitoring_alert_policy.query[name].severity } == {
      stripe_events_dead_letter = "ERROR", handlers_unacked = "ERROR"
    }
    error_message = "No order waits: this must not wake a person."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["stripe_events_dead_letter"].conditions[0].condition_prometheus_query_language[0].query, "subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",project_id=\"acme-shop\",subscription_id=\"checkout-stripe-events-dead-letter\"}) > 0")
    error_message = "The alert must look at the dead letters of Stripe's other events."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["handlers_unacked"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=\"checkout-stripe-events\"}) > 420")
    error_message = "The alert must look at the handlers' subscription."
  }
  assert {
    condition     = one(google_monitoring_alert_policy.query["stripe_events_dead_letter"].alert_strategy[0].notification_channel_strategy[*].renotify_interval) == "86400s"
    error_message = "Dead letters wait until a person acts, and one mail is forgotten."
  }
  assert {
    condition = alltrue([
      for policy in local.alert_policies :
      endswith(policy.documentation[0].content, "](docs/operations.md#${replace(policy.user_labels.alert, "_", "-")})") && strcontains(split("\n", policy.documentation[0].content)[0], ". ")
    ])
    error_message = "Every alert must say what it means, and link to its section of the runbook."
  }
  assert {
    condition = alltrue([
      for name in ["dead_letter", "attempts_exhausted", "oldest_unacked", "no_event"] :
      !strcontains(google_monitoring_alert_policy.query[name].conditions[0].condition_prometheus_query_language[0].query, "stripe-events") && !strcontains(google_monitoring_alert_policy.query[name].conditions[0].condition_prometheus_query_language[0].query, "routed")
    ])
    error_message = "What is told of orders is not of other events: those must not hide that no order comes."
  }
  assert {
    condition     = length(google_monitoring_slo.in_time) == 6 && !strcontains(local.subscriber_lines, "stripe-events") && strcontains(local.called, "\"checkout-stripe-events\"") && strcontains(local.lines, "\"checkout-stripe-events\"")
    error_message = "The objectives are the orders'; that the function starts and may be called is watched."
  }
  assert {
    condition = alltrue([
      for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles :
      floor(tile.width) == tile.width && try(tile.xPos, 0) + tile.width <= 12 && tile.width >= 3
    ]) && strcontains(google_monitoring_dashboard.this.dashboard_json, "Answers of the handlers")
    error_message = "The dashboard shows the handlers, and every tile is inside."
  }
}

run "invoice_created_is_warned_of" {
  command = plan

  variables {
    events = { route = ["v1.invoice.created"] }
  }

  expect_failures = [check.invoices_are_not_delayed]
}

run "a_wildcard_with_invoice_created_is_warned_of" {
  command = plan

  variables {
    events = { route = ["invoice.*"] }
  }

  expect_failures = [check.invoices_are_not_delayed]
}

run "refuses_all_types" {
  command = plan

  variables {
    events = { route = ["invoice.paid", "*"] }
  }

  expect_failures = [var.events]
}

run "refuses_all_thin_types" {
  command = plan

  variables {
    events = { route = ["v1.*"] }
  }

  expect_failures = [var.events]
}

run "refuses_what_is_no_type" {
  command = plan

  variables {
    events = { route = ["invoice.paid,invoice.voided"] }
  }

  expect_failures = [var.events]
}

run "refuses_the_type_that_waits_for_an_answer" {
  command = plan

  variables {
    events = { route = ["issuing_authorization.request"] }
  }

  expect_failures = [var.events]
}

run "refuses_a_wildcard_with_the_type_that_waits_for_an_answer" {
  command = plan

  variables {
    events = { route = ["v1.issuing_authorization.*"] }
  }

  expect_failures = [var.events]
}

run "refuses_handlers_of_nothing" {
  command = plan

  variables {
    events = { handlers = true }
  }

  expect_failures = [var.events]
}

run "refuses_to_keep_rows_for_half_a_day" {
  command = plan

  variables {
    events = { bigquery = { expiration_days = 0.5 } }
  }

  expect_failures = [var.events]
}

run "refuses_to_keep_objects_for_no_day" {
  command = plan

  variables {
    events = { archive = { expiration_days = 0 } }
  }

  expect_failures = [var.events]
}

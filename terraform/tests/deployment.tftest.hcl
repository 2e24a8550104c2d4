# What is made, with every switch on. Nothing real is touched: the providers are mocked.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  alerts                 = { emails = ["on-call@acme.example"] }
  project_id             = "acme-shop"
  region                 = "europe-west1"
  stripe                 = { livemode = true, api_key_version = 1, order_filter = "metadata.shop=acme" }
  stripe_api_key         = "rk_live_abcdefgh12345678"
  mail                   = { from = "Acme <orders@acme.example>", shop_url = "https://acme.example" }
  smtp_url               = "smtps://shop:hunter2@mail.acme.example:465"
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  hook = {
    environment = { WAREHOUSE_URL = "https://warehouse.acme.example" }
    secrets     = { WAREHOUSE_KEY = { secret = "warehouse-key" } }
    roles       = ["roles/cloudtasks.enqueuer"]
  }
}

run "only_the_webhook_and_the_landing_page_are_public" {
  assert {
    condition     = google_cloud_run_v2_service_iam_member.anybody_calls_webhook[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.anybody_calls_webhook[0].name == google_cloudfunctions2_function.webhook.name
    error_message = "Stripe must be able to call the webhook."
  }
  assert {
    condition     = google_cloudfunctions2_function.webhook.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "Stripe calls from the internet."
  }
  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.subscriber : each.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "A subscriber must not be reachable from the internet."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_cloud_run_v2_service_iam_member.push_calls_subscriber :
      each.member == google_service_account.push[entry_point].member && each.name == google_cloudfunctions2_function.subscriber[entry_point].name && each.role == "roles/run.invoker"
    ])
    error_message = "A subscriber must be called by its own push account alone."
  }
}

run "the_landing_page_is_public_and_may_do_little" {
  assert {
    condition     = google_cloud_run_v2_service_iam_member.anybody_calls_order_status[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.anybody_calls_order_status[0].name == "checkout-order-status" && google_cloudfunctions2_function.order_status[0].service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "A buyer must be able to load the page."
  }
  assert {
    condition     = google_project_iam_member.order_status_reads_orders[0].role == "roles/datastore.viewer" && strcontains(google_project_iam_member.order_status_reads_orders[0].condition[0].expression, "resource.name == \"projects/acme-shop/databases/checkout-orders\"")
    error_message = "A public page may read this database, and write nothing."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.order_status_publishes_events[0].topic == google_pubsub_topic.events.name && google_secret_manager_secret_iam_member.order_status_reads_api_key[0].secret_id == "checkout-stripe-api-key"
    error_message = "It publishes what it found, and reads the API key alone."
  }
  assert {
    condition     = google_service_account.order_status[0].account_id == "checkout-order-status" && google_cloudfunctions2_function.order_status[0].service_config[0].service_account_email == google_service_account.order_status[0].email && google_pubsub_topic_iam_member.order_status_publishes_events[0].member == google_service_account.order_status[0].member
    error_message = "It runs as an account of its own."
  }
  assert {
    condition     = google_cloudfunctions2_function.order_status[0].service_config[0].max_instance_count == 2 && google_cloudfunctions2_function.order_status[0].service_config[0].environment_variables.ORDER_STATUS_READS_PER_MINUTE == "30"
    error_message = "The reads of all instances together are those that were asked for."
  }
  assert {
    condition     = "${google_cloudfunctions2_function.order_status[0].service_config[0].secret_volumes[0].mount_path}/${google_cloudfunctions2_function.order_status[0].service_config[0].secret_volumes[0].versions[0].path}" == google_cloudfunctions2_function.order_status[0].service_config[0].environment_variables.STRIPE_API_KEY_FILE && google_cloudfunctions2_function.order_status[0].service_config[0].secret_volumes[0].versions[0].version == "latest"
    error_message = "The API key is where its setting says, at its latest version."
  }
  assert {
    condition     = local.order_status_environment.SHOP_URL == "https://acme.example" && output.deployment.order_status.function == "checkout-order-status"
    error_message = "The shop of the mails is linked, and the operator's commands find the page."
  }
}

run "the_landing_page_can_be_private_have_a_shop_of_its_own_or_not_be" {
  command = plan

  variables {
    order_status = { public = false, max_instances = 7, reads_per_minute = 100, shop_url = "https://shop.example" }
    mail         = null
    smtp_url     = null
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.anybody_calls_order_status) == 0 && local.order_status_environment.SHOP_URL == "https://shop.example" && local.order_status_environment.ORDER_STATUS_READS_PER_MINUTE == "14" && !contains(keys(local.order_status_environment), "EMAIL_FROM")
    error_message = "What was asked for."
  }
}

run "every_subscription_is_filtered_signed_retried_and_dead_lettered" {
  assert {
    condition     = toset([for each in google_pubsub_subscription.subscriber : each.filter]) == toset(["attributes.event_type = \"checkout.session.completed\"", "attributes.event_type = \"checkout.session.async_payment_succeeded\"", "attributes.event_type = \"checkout.session.async_payment_failed\""])
    error_message = "Each routed type needs a subscription with exactly its filter."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : each.topic == google_pubsub_topic.events.id])
    error_message = "Subscribers listen to the topic that the webhook publishes to."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_pubsub_subscription.subscriber :
      each.push_config[0].oidc_token[0].service_account_email == google_service_account.push[entry_point].email
      && each.push_config[0].push_endpoint == google_cloudfunctions2_function.subscriber[entry_point].service_config[0].uri
      && each.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.subscriber[entry_point].service_config[0].uri
    ])
    error_message = "Each subscription pushes to its own subscriber, as its own push account."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : each.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead_letter.id && each.dead_letter_policy[0].max_delivery_attempts == 100])
    error_message = "Each subscription must dead-letter to the dead-letter topic, after 100 attempts."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : each.retry_policy[0].minimum_backoff == "10s" && each.retry_policy[0].maximum_backoff == "600s"])
    error_message = "Each subscription must back off from 10 s to 600 s."
  }
  assert {
    condition     = alltrue([for entry_point, each in google_pubsub_subscription.subscriber : each.ack_deadline_seconds == google_cloudfunctions2_function.subscriber[entry_point].service_config[0].timeout_seconds + 30])
    error_message = "The ack deadline must be the function's timeout and 30 s."
  }
  assert {
    condition     = alltrue([for each in concat(values(google_pubsub_subscription.subscriber), [google_pubsub_subscription.dead_letter]) : each.expiration_policy[0].ttl == ""])
    error_message = "No subscription may expire."
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.topic == google_pubsub_topic.dead_letter.id && google_pubsub_subscription.dead_letter.message_retention_duration == "2678400s"
    error_message = "Dead letters are kept for 31 days."
  }
}

run "pubsub_may_move_dead_letters_and_sign_pushes" {
  assert {
    condition     = google_pubsub_topic_iam_member.agent_publishes_dead_letters.member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com" && google_pubsub_topic_iam_member.agent_publishes_dead_letters.role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.agent_publishes_dead_letters.topic == google_pubsub_topic.dead_letter.name
    error_message = "Without publisher on the dead-letter topic nothing is forwarded, and no error appears."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_pubsub_subscription_iam_member.agent_acknowledges_dead_letters :
      each.member == local.pubsub_agent && each.role == "roles/pubsub.subscriber" && each.subscription == google_pubsub_subscription.subscriber[entry_point].name
    ]) && length(google_pubsub_subscription_iam_member.agent_acknowledges_dead_letters) == 3
    error_message = "Without subscriber on each source subscription nothing is forwarded, and no error appears."
  }
  assert {
    condition     = alltrue([for entry_point, each in google_service_account_iam_member.agent_signs_pushes : each.service_account_id == google_service_account.push[entry_point].name && each.member == local.pubsub_agent])
    error_message = "Pub/Sub must be able to sign as each push account."
  }
}

run "nobody_has_a_role_on_the_project_that_a_resource_could_give" {
  assert {
    condition     = alltrue([for each in google_project_iam_member.subscriber_writes_orders : each.role == "roles/datastore.user" && strcontains(each.condition[0].expression, "resource.name == \"projects/acme-shop/databases/checkout-orders\"")])
    error_message = "A subscriber may use this database only."
  }
  assert {
    condition     = google_project_iam_member.build_reads_staged_source.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-123456789-europe-west1/\") || resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-123456789-europe-west1-\")"
    error_message = "The build account may read the bucket of staged sources only, and not that of europe-west10."
  }
  assert {
    condition     = google_project_iam_member.build_writes_logs.role == "roles/logging.logWriter"
    error_message = "The only role without a condition is to write the build's logs."
  }
  assert {
    condition     = toset([for each in google_project_iam_member.hook : each.role]) == toset(["roles/cloudtasks.enqueuer"]) && length(google_project_iam_member.hook) == 3
    error_message = "The hook's roles go to the three subscribers, and no others."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.webhook_publishes_events.topic == google_pubsub_topic.events.name && google_pubsub_topic_iam_member.webhook_publishes_events.member == google_service_account.webhook.member
    error_message = "The webhook publishes to one topic."
  }
  assert {
    condition     = length(distinct(concat([google_service_account.webhook.account_id, google_service_account.build.account_id], values(google_service_account.subscriber)[*].account_id, values(google_service_account.push)[*].account_id))) == 8
    error_message = "Each function and each push has an account of its own."
  }
  assert {
    condition     = alltrue([for entry_point, each in google_cloudfunctions2_function.subscriber : each.service_config[0].service_account_email == google_service_account.subscriber[entry_point].email]) && google_cloudfunctions2_function.webhook.service_config[0].service_account_email == google_service_account.webhook.email
    error_message = "Each function runs as its own account."
  }
}

run "secrets_reach_their_readers_and_nobody_else" {
  assert {
    condition     = alltrue([for each in google_secret_manager_secret_version.this : each.secret_data_wo == null && each.secret_data == null])
    error_message = "No secret may be in the state."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.webhook_reads_secrets.secret_id == "checkout-webhook-secrets" && google_secret_manager_secret_iam_member.webhook_reads_secrets.member == google_service_account.webhook.member
    error_message = "The webhook reads its own secret."
  }
  assert {
    condition     = toset([for each in google_secret_manager_secret_iam_member.subscriber_reads_secrets : each.secret_id]) == toset(["checkout-stripe-api-key", "checkout-smtp-url", "warehouse-key"])
    error_message = "Subscribers read the API key, the mail server and the hook's secrets, and not the signing secrets."
  }
  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.subscriber : toset([for volume in each.service_config[0].secret_volumes : "${volume.mount_path}/${volume.versions[0].path}"]) == toset([each.service_config[0].environment_variables.STRIPE_API_KEY_FILE, each.service_config[0].environment_variables.SMTP_URL_FILE])])
    error_message = "A mounted secret is where its setting says."
  }
  assert {
    condition     = "${google_cloudfunctions2_function.webhook.service_config[0].secret_volumes[0].mount_path}/${google_cloudfunctions2_function.webhook.service_config[0].secret_volumes[0].versions[0].path}" == google_cloudfunctions2_function.webhook.service_config[0].environment_variables.STRIPE_WEBHOOK_SECRETS_FILE
    error_message = "The signing secrets are where their setting says."
  }
  assert {
    condition     = alltrue([for volume in concat(google_cloudfunctions2_function.webhook.service_config[0].secret_volumes, flatten(values(google_cloudfunctions2_function.subscriber)[*].service_config[0].secret_volumes)) : volume.versions[0].version == "latest"])
    error_message = "A mounted secret is the latest version, or a rotation needs a deploy."
  }
  assert {
    condition     = !can(regex("whsec_|rk_live_|hunter2", jsonencode([output.webhook_url, output.deployment, output.orders_database, output.subscriber_accounts])))
    error_message = "No secret may be in an output."
  }
}

run "the_hook_gets_what_it_needs" {
  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.subscriber : each.service_config[0].environment_variables.WAREHOUSE_URL == "https://warehouse.acme.example" && each.service_config[0].secret_environment_variables[0].key == "WAREHOUSE_KEY"])
    error_message = "The hook's variables and secrets reach every subscriber: any of them may call it."
  }
  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.subscriber : each.service_config[0].timeout_seconds == 150])
    error_message = "A subscriber has the hook's time and 120 s."
  }
}

run "orders_are_kept_safe" {
  assert {
    condition     = alltrue([for each in google_firestore_field.unindexed : each.deletion_policy == "ABANDON"])
    error_message = "A destroy that leaves the orders must not give their fields an index each."
  }
  assert {
    condition     = google_firestore_database.orders.name == "checkout-orders" && google_firestore_database.orders.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.orders.deletion_policy == "ABANDON" && google_firestore_database.orders.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The database is protected, and can be read as it was."
  }
  assert {
    condition     = google_firestore_backup_schedule.daily[0].retention == "604800s" && google_firestore_backup_schedule.weekly[0].retention == "8467200s"
    error_message = "Backups are kept for 7 and 98 days."
  }
  assert {
    condition     = length(setsubtract(["events", "effects", "line_items", "metadata", "created_at", "updated_at", "paid_at", "fulfilled_at"], [for each in google_firestore_field.unindexed : each.field])) == 0 && alltrue([for each in google_firestore_field.unindexed : length(each.index_config[0].indexes) == 0 && each.collection == "orders"])
    error_message = "What nobody queries is not indexed."
  }
}

run "reconcile_is_called_by_its_schedule_alone_and_may_do_little" {
  assert {
    condition     = google_cloud_run_v2_service_iam_member.schedule_calls_reconcile[0].member == google_service_account.schedule[0].member && google_cloud_run_v2_service_iam_member.schedule_calls_reconcile[0].role == "roles/run.invoker" && google_cloud_run_v2_service_iam_member.schedule_calls_reconcile[0].name == google_cloudfunctions2_function.reconcile[0].name
    error_message = "The schedule's own account calls reconcile, and nobody else."
  }
  assert {
    condition     = google_cloud_scheduler_job.reconcile[0].http_target[0].http_method == "POST" && google_cloud_scheduler_job.reconcile[0].http_target[0].uri == google_cloudfunctions2_function.reconcile[0].service_config[0].uri && google_cloud_scheduler_job.reconcile[0].http_target[0].oidc_token[0].service_account_email == google_service_account.schedule[0].email && google_cloud_scheduler_job.reconcile[0].http_target[0].oidc_token[0].audience == google_cloudfunctions2_function.reconcile[0].service_config[0].uri
    error_message = "The job calls the function by its run.app address, signed as the schedule's account."
  }
  assert {
    condition     = google_cloud_scheduler_job.reconcile[0].retry_config[0].retry_count == 2
    error_message = "A run that fails must be called again before the next is due."
  }
  assert {
    condition     = google_cloud_scheduler_job.reconcile[0].schedule == "7 * * * *" && google_cloud_scheduler_job.reconcile[0].attempt_deadline == "930s" && google_cloudfunctions2_function.reconcile[0].service_config[0].timeout_seconds == 900
    error_message = "Every hour, and whoever calls waits longer than the function may take."
  }
  assert {
    condition     = google_cloudfunctions2_function.reconcile[0].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" && google_cloudfunctions2_function.reconcile[0].service_config[0].max_instance_count == 1 && google_cloudfunctions2_function.reconcile[0].service_config[0].max_instance_request_concurrency == 1 && google_cloudfunctions2_function.reconcile[0].service_config[0].service_account_email == google_service_account.reconcile[0].email
    error_message = "One run at a time, as an account of its own, unreachable from the internet."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.reconcile_publishes_events[0].topic == google_pubsub_topic.events.name && google_secret_manager_secret_iam_member.reconcile_reads_api_key[0].secret_id == "checkout-stripe-api-key" && strcontains(google_project_iam_member.reconcile_reads_orders[0].condition[0].expression, "resource.name == \"projects/acme-shop/databases/checkout-orders\"") && google_project_iam_member.reconcile_reads_orders[0].role == "roles/datastore.user"
    error_message = "It publishes events, reads the API key, and uses this database only."
  }
  assert {
    condition     = local.reconcile_environment.RECONCILE_SINCE == google_secret_manager_secret.this["webhook"].create_time
    error_message = "It looks back to the first apply: what is sold from then on is compared."
  }
  assert {
    condition     = output.deployment.reconcile.job == "checkout-reconcile" && output.deployment.reconcile.function == "checkout-reconcile"
    error_message = "The operator's commands find it."
  }
  assert {
    condition     = toset([for metric in google_logging_metric.drift : metric.name]) == toset(["checkout-reconcile-missing", "checkout-reconcile-behind", "checkout-reconcile-unattended", "checkout-reconcile-late", "checkout-reconcile-oldest-missing-s", "checkout-reconcile-oldest-late-s"])
    error_message = "How far Stripe and the orders are apart is measured, in counts and ages."
  }
}

run "reconcile_runs_as_often_as_asked" {
  command = plan

  variables {
    reconcile = { every_minutes = 240, since = "2026-11-25", late_minutes = 45 }
  }

  assert {
    condition     = google_cloud_scheduler_job.reconcile[0].schedule == "7 */4 * * *"
    error_message = "Every four hours."
  }
  assert {
    condition     = local.reconcile_environment.RECONCILE_SINCE == "2026-11-25" && local.reconcile_environment.RECONCILE_LATE_MINUTES == "45" && output.deployment.reconcile.limits.late_minutes == 45
    error_message = "The function knows what was asked, and so does who does the same by hand."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["no_reconcile"].conditions[0].condition_prometheus_query_language[0].query, "[240m])) or vector(0)) == 0") && google_monitoring_alert_policy.query["no_reconcile"].conditions[0].condition_prometheus_query_language[0].duration == "28800s"
    error_message = "It is missed after three times its interval, also if it has never run."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.query["late_orders"].display_name, "45 minutes")
    error_message = "The alert says after how long."
  }
}

run "live_mode_keeps_a_webhook_warm" {
  assert {
    condition     = google_cloudfunctions2_function.webhook.service_config[0].min_instance_count == 1
    error_message = "The first buyer of the night must not wait for a cold start."
  }
}

run "test_mode_costs_nothing_while_idle" {
  command = plan

  variables {
    stripe         = { livemode = false }
    stripe_api_key = null
    mail           = null
    smtp_url       = null
    hook           = {}
    topics         = { order_events = false }
    webhook        = { public = false }
    order_status   = { enabled = false }
  }

  assert {
    condition     = length(google_cloudfunctions2_function.order_status) == 0 && length(google_service_account.order_status) == 0 && length(google_secret_manager_secret_iam_member.order_status_reads_api_key) == 0 && output.order_status_url == null && output.deployment.order_status == null
    error_message = "A landing page that is off leaves nothing."
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.anybody_calls_webhook) == 0
    error_message = "Nobody is let in where an organization forbids it."
  }
  assert {
    condition     = google_cloudfunctions2_function.webhook.service_config[0].min_instance_count == 0
    error_message = "Nothing is kept warm in test mode."
  }
  assert {
    condition     = keys(google_secret_manager_secret.this) == ["webhook"] && length(google_secret_manager_secret_iam_member.subscriber_reads_secrets) == 0
    error_message = "Without a key and a mail server there is one secret."
  }
  assert {
    condition     = alltrue([for each in google_cloudfunctions2_function.subscriber : length(setintersection(keys(each.service_config[0].environment_variables), ["STRIPE_API_KEY_FILE", "SMTP_URL_FILE", "EMAIL_FROM", "SHOP_URL", "ORDER_EVENTS_TOPIC", "ORDER_FILTER"])) == 0])
    error_message = "What is not configured is not set."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.reconcile) == 0 && length(google_cloud_scheduler_job.reconcile) == 0 && !contains(keys(google_monitoring_alert_policy.query), "no_reconcile")
    error_message = "Without a key nobody reads Stripe."
  }
  assert {
    condition     = output.deployment.topics.order_events == null && output.deployment.reconcile == null && output.deployment.secrets.stripe_api_key == null && output.order_events_topic == null
    error_message = "What is off is null."
  }
}

# What is made, with every switch on. Nothing real is touched: the providers are mocked. shared.auto.tfvars.json holds the
# variables that all test files have in common.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
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
    condition = { for entry_point, each in google_cloud_run_v2_service_iam_member.invoker : entry_point => each.member } == {
      stripe_webhook                = "allUsers"
      order_status                  = "allUsers"
      on_checkout_session_completed = "serviceAccount:checkout-push-completed@acme-shop.iam.gserviceaccount.com"
      on_async_payment_succeeded    = "serviceAccount:checkout-push-succeeded@acme-shop.iam.gserviceaccount.com"
      on_async_payment_failed       = "serviceAccount:checkout-push-failed@acme-shop.iam.gserviceaccount.com"
      on_refund                     = "serviceAccount:checkout-push-refund@acme-shop.iam.gserviceaccount.com"
      on_dispute                    = "serviceAccount:checkout-push-dispute@acme-shop.iam.gserviceaccount.com"
      reconcile                     = "serviceAccount:checkout-schedule@acme-shop.iam.gserviceaccount.com"
    }
    error_message = "Stripe and buyers must be able to call their function; each other one has its own caller, and no other."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_cloud_run_v2_service_iam_member.invoker :
      each.role == "roles/run.invoker" && each.name == google_cloudfunctions2_function.this[entry_point].name
    ])
    error_message = "A caller may call its function, and do nothing else."
  }
  assert {
    condition = { for entry_point, each in google_cloudfunctions2_function.this : entry_point => each.service_config[0].ingress_settings } == {
      stripe_webhook                = "ALLOW_ALL"
      order_status                  = "ALLOW_ALL"
      on_checkout_session_completed = "ALLOW_INTERNAL_ONLY"
      on_async_payment_succeeded    = "ALLOW_INTERNAL_ONLY"
      on_async_payment_failed       = "ALLOW_INTERNAL_ONLY"
      on_refund                     = "ALLOW_INTERNAL_ONLY"
      on_dispute                    = "ALLOW_INTERNAL_ONLY"
      reconcile                     = "ALLOW_INTERNAL_ONLY"
    }
    error_message = "Stripe and buyers call from the internet; no other function must be reachable from it."
  }
}

run "each_function_runs_as_an_account_of_its_own" {
  assert {
    condition = { for entry_point, each in google_service_account.function : entry_point => each.account_id } == {
      stripe_webhook                = "checkout-webhook"
      order_status                  = "checkout-order-status"
      on_checkout_session_completed = "checkout-completed"
      on_async_payment_succeeded    = "checkout-succeeded"
      on_async_payment_failed       = "checkout-failed"
      on_refund                     = "checkout-refund"
      on_dispute                    = "checkout-dispute"
      reconcile                     = "checkout-reconcile"
    }
    error_message = "The accounts are named as their functions."
  }
  assert {
    condition = { for entry_point, each in google_service_account.caller : entry_point => each.account_id } == {
      on_checkout_session_completed = "checkout-push-completed"
      on_async_payment_succeeded    = "checkout-push-succeeded"
      on_async_payment_failed       = "checkout-push-failed"
      on_refund                     = "checkout-push-refund"
      on_dispute                    = "checkout-push-dispute"
      reconcile                     = "checkout-schedule"
    }
    error_message = "Each caller has an account of its own."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_cloudfunctions2_function.this :
      each.service_config[0].service_account_email == google_service_account.function[entry_point].email
      && each.name == google_service_account.function[entry_point].account_id && each.build_config[0].entry_point == entry_point
    ])
    error_message = "Each function runs as its own account."
  }
}

run "each_function_publishes_where_it_must_and_nowhere_else" {
  assert {
    condition = { for name, each in google_pubsub_topic_iam_member.publisher : name => each.topic } == {
      "stripe_webhook events"                      = "checkout-events"
      "reconcile events"                           = "checkout-events"
      "order_status events"                        = "checkout-events"
      "on_checkout_session_completed dead_letter"  = "checkout-events-dead-letter"
      "on_async_payment_succeeded dead_letter"     = "checkout-events-dead-letter"
      "on_async_payment_failed dead_letter"        = "checkout-events-dead-letter"
      "on_refund dead_letter"                      = "checkout-events-dead-letter"
      "on_dispute dead_letter"                     = "checkout-events-dead-letter"
      "on_checkout_session_completed order_events" = "checkout-order-events"
      "on_async_payment_succeeded order_events"    = "checkout-order-events"
      "on_async_payment_failed order_events"       = "checkout-order-events"
      "on_refund order_events"                     = "checkout-order-events"
      "on_dispute order_events"                    = "checkout-order-events"
    }
    error_message = "Events come from the webhook and from what finds lost ones; subscribers park, and announce."
  }
  assert {
    condition = alltrue([
      for name, each in google_pubsub_topic_iam_member.publisher :
      each.role == "roles/pubsub.publisher" && each.member == google_service_account.function[split(" ", name)[0]].member
    ])
    error_message = "A function publishes as its own account."
  }
  assert {
    condition = { for entry_point, each in local.environment : entry_point => { for name, value in each : name => value if endswith(name, "_TOPIC") } } == merge(
      { for entry_point in ["stripe_webhook", "reconcile", "order_status"] : entry_point => { EVENTS_TOPIC = "checkout-events" } },
      { for entry_point in keys(local.subscribers) : entry_point => { DEAD_LETTER_TOPIC = "checkout-events-dead-letter", ORDER_EVENTS_TOPIC = "checkout-order-events" } },
    )
    error_message = "A function is told the names of its topics."
  }
}

run "each_function_may_do_with_the_orders_what_it_must" {
  assert {
    condition = { for entry_point, each in google_project_iam_member.orders : entry_point => each.role } == {
      order_status                  = "roles/datastore.viewer"
      on_checkout_session_completed = "roles/datastore.user"
      on_async_payment_succeeded    = "roles/datastore.user"
      on_async_payment_failed       = "roles/datastore.user"
      on_refund                     = "roles/datastore.user"
      on_dispute                    = "roles/datastore.user"
      reconcile                     = "roles/datastore.user"
    }
    error_message = "A public page may read, and write nothing; the webhook knows no orders."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_project_iam_member.orders :
      each.condition[0].expression == "resource.name == \"projects/acme-shop/databases/checkout-orders\"" && each.member == google_service_account.function[entry_point].member
    ])
    error_message = "A function may use this database only, as its own account."
  }
  assert {
    condition = { for entry_point, each in local.environment : entry_point => [each.FIRESTORE_DATABASE, each.ORDERS_COLLECTION, each.ORDER_FILTER] if contains(keys(each), "FIRESTORE_DATABASE") } == {
      for entry_point in keys(google_project_iam_member.orders) : entry_point => ["checkout-orders", "orders", "metadata.shop=acme"]
    }
    error_message = "A function that may is told where the orders are, and which sessions are ours."
  }
}

run "the_landing_page_shares_its_reads_and_knows_its_shop" {
  assert {
    condition     = google_cloudfunctions2_function.this["order_status"].service_config[0].max_instance_count == 2 && local.environment["order_status"].ORDER_STATUS_READS_PER_MINUTE == "30"
    error_message = "The reads of all instances together are those that were asked for."
  }
  assert {
    condition     = local.environment["order_status"].SHOP_URL == "https://acme.example" && output.deployment.order_status.function == "checkout-order-status"
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
    condition     = !contains(keys(google_cloud_run_v2_service_iam_member.invoker), "order_status")
    error_message = "A private page has no public caller."
  }
  assert {
    condition     = local.environment["order_status"].SHOP_URL == "https://shop.example" && local.environment["order_status"].ORDER_STATUS_READS_PER_MINUTE == "14" && !contains(keys(local.environment["order_status"]), "EMAIL_FROM")
    error_message = "What was asked for."
  }
}

run "the_longest_name_leaves_room_for_every_account" {
  command = plan

  variables {
    name       = "fifteen-letters"
    events     = { route = ["invoice.paid"], handlers = true }
    after_sale = { abandoned_carts = true }
  }

  assert {
    condition     = alltrue([for each in concat(values(google_service_account.function), values(google_service_account.caller)) : length(each.account_id) <= 30])
    error_message = "Google allows thirty characters: the slug of what Pub/Sub calls has nine at most."
  }
}

run "every_subscription_is_filtered_signed_retried_and_dead_lettered" {
  assert {
    condition = { for key, each in google_pubsub_subscription.subscriber : key => "${each.name}: ${each.filter}" } == {
      "on_checkout_session_completed"      = "checkout-completed: attributes.event_type = \"checkout.session.completed\""
      "on_async_payment_succeeded"         = "checkout-succeeded: attributes.event_type = \"checkout.session.async_payment_succeeded\""
      "on_async_payment_failed"            = "checkout-failed: attributes.event_type = \"checkout.session.async_payment_failed\""
      "on_checkout_session_completed thin" = "checkout-completed-thin: attributes.event_type = \"v1.checkout.session.completed\""
      "on_async_payment_succeeded thin"    = "checkout-succeeded-thin: attributes.event_type = \"v1.checkout.session.async_payment_succeeded\""
      "on_async_payment_failed thin"       = "checkout-failed-thin: attributes.event_type = \"v1.checkout.session.async_payment_failed\""
      "on_refund"                          = "checkout-refund: hasPrefix(attributes.event_type, \"refund.\") OR hasPrefix(attributes.event_type, \"charge.refund\")"
      "on_refund thin"                     = "checkout-refund-thin: hasPrefix(attributes.event_type, \"v1.refund.\")"
      "on_dispute"                         = "checkout-dispute: hasPrefix(attributes.event_type, \"charge.dispute.\") OR hasPrefix(attributes.event_type, \"radar.early_fraud_warning.\") OR hasPrefix(attributes.event_type, \"review.\")"
      "on_dispute thin"                    = "checkout-dispute-thin: hasPrefix(attributes.event_type, \"v1.charge.dispute.\") OR hasPrefix(attributes.event_type, \"v1.radar.early_fraud_warning.\") OR hasPrefix(attributes.event_type, \"v1.review.\")"
    }
    error_message = "Each function needs a subscription with exactly the filter of its types, and another one for their thin twins."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : length(each.filter) <= 256])
    error_message = "Pub/Sub takes filters of 256 bytes at most."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : each.topic == google_pubsub_topic.this["events"].id])
    error_message = "Subscribers listen to the topic that the webhook publishes to."
  }
  assert {
    condition = alltrue([
      for key, each in google_pubsub_subscription.subscriber :
      each.push_config[0].oidc_token[0].service_account_email == google_service_account.caller[split(" ", key)[0]].email
      && each.push_config[0].push_endpoint == google_cloudfunctions2_function.this[split(" ", key)[0]].service_config[0].uri
      && each.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.this[split(" ", key)[0]].service_config[0].uri
    ])
    error_message = "Each subscription pushes to its own subscriber, as its own push account."
  }
  assert {
    condition = alltrue([
      for each in google_pubsub_subscription.subscriber :
      each.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.this["dead_letter"].id && each.dead_letter_policy[0].max_delivery_attempts == 100
    ])
    error_message = "Each subscription must dead-letter to the dead-letter topic, after 100 attempts."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_subscription.subscriber : each.retry_policy[0].minimum_backoff == "10s" && each.retry_policy[0].maximum_backoff == "600s"])
    error_message = "Each subscription must back off from 10 s to 600 s."
  }
  assert {
    condition = alltrue([
      for key, each in google_pubsub_subscription.subscriber :
      each.ack_deadline_seconds == google_cloudfunctions2_function.this[split(" ", key)[0]].service_config[0].timeout_seconds + 30
    ])
    error_message = "The ack deadline must be the function's timeout and 30 s."
  }
  assert {
    condition     = alltrue([for each in concat(values(google_pubsub_subscription.subscriber), [google_pubsub_subscription.dead_letter]) : each.expiration_policy[0].ttl == ""])
    error_message = "No subscription may expire."
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.topic == google_pubsub_topic.this["dead_letter"].id && google_pubsub_subscription.dead_letter.message_retention_duration == "2678400s"
    error_message = "Dead letters are kept for 31 days."
  }
}

run "pubsub_may_move_dead_letters_and_sign_pushes" {
  assert {
    condition = (
      google_pubsub_topic_iam_member.agent_publishes_dead_letters.member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
      && google_pubsub_topic_iam_member.agent_publishes_dead_letters.role == "roles/pubsub.publisher"
      && google_pubsub_topic_iam_member.agent_publishes_dead_letters.topic == "checkout-events-dead-letter"
    )
    error_message = "Without publisher on the dead-letter topic nothing is forwarded, and no error appears."
  }
  assert {
    condition = alltrue([
      for key, each in google_pubsub_subscription_iam_member.agent_acknowledges_dead_letters :
      each.member == local.pubsub_agent && each.role == "roles/pubsub.subscriber" && each.subscription == google_pubsub_subscription.subscriber[key].name
    ]) && keys(google_pubsub_subscription_iam_member.agent_acknowledges_dead_letters) == keys(google_pubsub_subscription.subscriber)
    error_message = "Without subscriber on each source subscription nothing is forwarded, and no error appears."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_service_account_iam_member.agent_signs_pushes :
      each.service_account_id == google_service_account.caller[entry_point].name && each.member == local.pubsub_agent
    ]) && keys(google_service_account_iam_member.agent_signs_pushes) == keys(local.subscribers)
    error_message = "Pub/Sub must be able to sign as each push account."
  }
}

run "no_account_has_a_role_on_the_project_that_a_resource_could_give" {
  assert {
    condition     = google_project_iam_member.build_reads_staged_source.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-123456789-europe-west1/\") || resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-123456789-europe-west1-\")"
    error_message = "The build account may read the bucket of staged sources only, and not that of europe-west10."
  }
  assert {
    condition     = google_project_iam_member.build_writes_logs.role == "roles/logging.logWriter"
    error_message = "The only role without a condition is to write the build's logs."
  }
  assert {
    condition = toset([for each in google_project_iam_member.hook : "${each.member} ${each.role}"]) == toset([
      for entry_point in keys(local.subscribers) : "${google_service_account.function[entry_point].member} roles/cloudtasks.enqueuer"
    ])
    error_message = "The hook's roles go to the subscribers, and no others."
  }
  assert {
    condition     = !contains(concat(values(google_service_account.function), values(google_service_account.caller))[*].account_id, google_service_account.build.account_id)
    error_message = "The build has an account of its own."
  }
}

run "secrets_reach_their_readers_alone" {
  assert {
    condition     = alltrue([for each in google_secret_manager_secret_version.this : each.secret_data_wo == null && each.secret_data == null])
    error_message = "No secret may be in the state."
  }
  assert {
    condition = { for name, each in google_secret_manager_secret_iam_member.accessor : name => each.secret_id } == merge(
      {
        "stripe_webhook webhook"      = "checkout-webhook-secrets"
        "reconcile stripe_api_key"    = "checkout-stripe-api-key"
        "order_status stripe_api_key" = "checkout-stripe-api-key"
      },
      [
        for entry_point in keys(local.subscribers) : {
          "${entry_point} stripe_api_key"     = "checkout-stripe-api-key"
          "${entry_point} smtp_url"           = "checkout-smtp-url"
          "${entry_point} hook-WAREHOUSE_KEY" = "warehouse-key"
        }
      ]...
    )
    error_message = "The webhook alone reads the signing secrets; the mail server and the hook's secrets are the subscribers'."
  }
  assert {
    condition = alltrue([
      for name, each in google_secret_manager_secret_iam_member.accessor :
      each.role == "roles/secretmanager.secretAccessor" && each.member == google_service_account.function[split(" ", name)[0]].member
    ])
    error_message = "A function reads as its own account."
  }
  assert {
    condition = alltrue([
      for entry_point, each in google_cloudfunctions2_function.this :
      toset([for volume in each.service_config[0].secret_volumes : "${volume.mount_path}/${volume.versions[0].path}"])
      == toset([for name, value in each.service_config[0].environment_variables : value if endswith(name, "_FILE")])
    ])
    error_message = "A mounted secret is where its setting says."
  }
  assert {
    condition = { for entry_point, each in local.environment : entry_point => { for name, value in each : name => value if endswith(name, "_FILE") } } == merge(
      { stripe_webhook = { STRIPE_WEBHOOK_SECRETS_FILE = "/secrets/webhook/secrets" } },
      { for entry_point in ["reconcile", "order_status"] : entry_point => { STRIPE_API_KEY_FILE = "/secrets/stripe_api_key/secret" } },
      { for entry_point in keys(local.subscribers) : entry_point => { STRIPE_API_KEY_FILE = "/secrets/stripe_api_key/secret", SMTP_URL_FILE = "/secrets/smtp_url/secret" } },
    )
    error_message = "Each function is told the files of its secrets."
  }
  assert {
    condition = alltrue([
      for volume in flatten(values(google_cloudfunctions2_function.this)[*].service_config[0].secret_volumes) :
      volume.versions[0].version == "latest" && volume.secret == google_secret_manager_secret.this[basename(volume.mount_path)].secret_id
    ])
    error_message = "A mounted secret is the latest version, or a rotation needs a deploy."
  }
  assert {
    condition     = !can(regex("whsec_|rk_live_|hunter2", jsonencode([output.webhook_url, output.deployment, output.orders_database, output.subscriber_accounts])))
    error_message = "No secret may be in an output."
  }
}

run "the_hook_gets_what_it_needs" {
  assert {
    condition = {
      for entry_point, each in google_cloudfunctions2_function.this : entry_point => [
        lookup(each.service_config[0].environment_variables, "WAREHOUSE_URL", null), each.service_config[0].secret_environment_variables[*].key,
      ]
      } == {
      for entry_point in keys(local.functions) : entry_point => (
        contains(keys(local.subscribers), entry_point) ? ["https://warehouse.acme.example", tolist(["WAREHOUSE_KEY"])] : [null, tolist([])]
      )
    }
    error_message = "The hook's variables and secrets reach every subscriber, as any of them may call it, and no other function."
  }
  assert {
    condition     = alltrue([for entry_point in keys(local.subscribers) : google_cloudfunctions2_function.this[entry_point].service_config[0].timeout_seconds == 150])
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
    condition     = length(setsubtract(["events", "effects", "money", "refunds", "disputes", "access", "line_items", "metadata", "created_at", "updated_at", "paid_at", "fulfilled_at"], [for each in google_firestore_field.unindexed : each.field])) == 0 && alltrue([for each in google_firestore_field.unindexed : length(each.index_config[0].indexes) == 0 && each.collection == "orders"])
    error_message = "A field that is not queried is not indexed."
  }
  assert {
    condition = (
      google_firestore_field.money_status.field == "money.status" && google_firestore_field.money_status.collection == "orders"
      && google_firestore_field.money_status.deletion_policy == "ABANDON"
      && [for index in google_firestore_field.money_status.index_config[0].indexes : "${index.order} ${index.query_scope}"] == ["ASCENDING COLLECTION"]
    )
    error_message = "Of an order's money the status alone is indexed, once: orders are searched by it."
  }
}

run "reconcile_is_called_by_its_schedule_one_run_at_a_time" {
  assert {
    condition = (
      google_cloud_scheduler_job.reconcile[0].http_target[0].http_method == "POST"
      && google_cloud_scheduler_job.reconcile[0].http_target[0].uri == google_cloudfunctions2_function.this["reconcile"].service_config[0].uri
      && google_cloud_scheduler_job.reconcile[0].http_target[0].oidc_token[0].service_account_email == google_service_account.caller["reconcile"].email
      && google_cloud_scheduler_job.reconcile[0].http_target[0].oidc_token[0].audience == google_cloudfunctions2_function.this["reconcile"].service_config[0].uri
    )
    error_message = "The job calls the function by its run.app address, signed as the schedule's account."
  }
  assert {
    condition     = google_cloud_scheduler_job.reconcile[0].retry_config[0].retry_count == 2
    error_message = "A run that fails must be called again before the next is due."
  }
  assert {
    condition = (
      google_cloud_scheduler_job.reconcile[0].schedule == "7 * * * *" && google_cloud_scheduler_job.reconcile[0].attempt_deadline == "930s"
      && google_cloudfunctions2_function.this["reconcile"].service_config[0].timeout_seconds == 900
    )
    error_message = "Every hour, and the caller waits longer than the function may take."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.this["reconcile"].service_config[0].max_instance_count == 1
      && google_cloudfunctions2_function.this["reconcile"].service_config[0].max_instance_request_concurrency == 1
    )
    error_message = "One run at a time."
  }
  assert {
    condition     = local.environment["reconcile"].RECONCILE_SINCE == google_secret_manager_secret.this["webhook"].create_time
    error_message = "It looks back to the first apply: what is sold from then on is compared."
  }
  assert {
    condition     = toset([for entry_point, each in local.environment : each.RECONCILE_SINCE if contains(keys(each), "RECONCILE_SINCE")]) == toset([google_secret_manager_secret.this["webhook"].create_time])
    error_message = "Whatever asks whether a sale is of before this deployment asks by the same time."
  }
  assert {
    condition     = output.deployment.reconcile.job == "checkout-reconcile" && output.deployment.reconcile.function == "checkout-reconcile"
    error_message = "The operator's commands find it."
  }
  assert {
    condition     = toset([for metric in google_logging_metric.drift : metric.name]) == toset(["checkout-reconcile-missing", "checkout-reconcile-behind", "checkout-reconcile-unattended", "checkout-reconcile-late", "checkout-reconcile-oldest-missing-s", "checkout-reconcile-oldest-late-s", "checkout-reconcile-open-disputes"])
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
    condition     = local.environment["reconcile"].RECONCILE_SINCE == "2026-11-25" && local.environment["reconcile"].RECONCILE_LATE_MINUTES == "45" && output.deployment.reconcile.limits.late_minutes == 45 && output.deployment.reconcile.since == "2026-11-25"
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

run "what_publishes_messages_of_its_own_is_told_the_deployment_s_name" {
  command = plan

  variables {
    name = "acme-live"
  }

  assert {
    condition     = { for entry_point, each in local.environment : entry_point => each.DEPLOYMENT if contains(keys(each), "DEPLOYMENT") } == { reconcile = "acme-live", order_status = "acme-live" }
    error_message = "It is the CloudEvents source of the messages that are not Stripe's."
  }
}

run "by_default_no_other_event_is_routed" {
  command = plan

  assert {
    condition     = !local.stripe_events_on && keys(google_pubsub_topic.this) == ["dead_letter", "events", "order_events"] && length(google_pubsub_subscription.stripe_events_dead_letter) == 0
    error_message = "Without a routed type and a sink there is nothing of Stripe's other events."
  }
  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.this), "on_stripe_event") && !can(local.environment["stripe_webhook"].ROUTED_EVENTS)
    error_message = "No handler runs, and the webhook routes no other type."
  }
  assert {
    condition     = output.deployment.stripe_events == null && output.deployment.subscribers["on_async_payment_failed"].thin_subscription == "checkout-failed-thin"
    error_message = "The operator's commands find the subscriptions of thin events, and nothing else that is new."
  }
}

run "all_functions_that_change_orders_are_configured_alike" {
  command = plan

  variables {
    after_sale  = { access_policy = ["any_refund", "dispute_opened"], refund_mails = true }
    subscribers = { min_instances = 1, max_instances = 7, concurrency = 11 }
  }

  assert {
    condition = toset(keys(google_project_iam_member.orders)) == toset([
      "on_checkout_session_completed", "on_async_payment_succeeded", "on_async_payment_failed", "on_refund", "on_dispute", "reconcile", "order_status",
    ])
    error_message = "These are the functions that know orders; all but the last two change them."
  }
  assert {
    condition = alltrue([
      for entry_point in ["on_async_payment_succeeded", "on_async_payment_failed", "on_refund", "on_dispute"] :
      jsonencode(google_cloudfunctions2_function.this[entry_point].service_config[0].environment_variables) == jsonencode(google_cloudfunctions2_function.this["on_checkout_session_completed"].service_config[0].environment_variables)
      && jsonencode(google_cloudfunctions2_function.this[entry_point].service_config[0].secret_volumes) == jsonencode(google_cloudfunctions2_function.this["on_checkout_session_completed"].service_config[0].secret_volumes)
      && jsonencode(google_cloudfunctions2_function.this[entry_point].service_config[0].secret_environment_variables) == jsonencode(google_cloudfunctions2_function.this["on_checkout_session_completed"].service_config[0].secret_environment_variables)
    ])
    error_message = "An effect is done by whichever function gets the message, so none may know what another does not."
  }
  assert {
    condition = alltrue([
      for entry_point in ["on_async_payment_succeeded", "on_async_payment_failed", "on_refund", "on_dispute"] : alltrue([
        for name in ["timeout_seconds", "max_instance_count", "max_instance_request_concurrency", "available_memory"] :
        google_cloudfunctions2_function.this[entry_point].service_config[0][name] == google_cloudfunctions2_function.this["on_checkout_session_completed"].service_config[0][name]
      ])
    ])
    error_message = "Each may take as long as another, and as much."
  }
  assert {
    condition = alltrue([
      for roles in [
        { for name, each in google_pubsub_topic_iam_member.publisher : name => each.topic },
        { for name, each in google_secret_manager_secret_iam_member.accessor : name => each.secret_id },
        { for name, each in google_project_iam_member.hook : name => each.role },
        ] : alltrue([
          for entry_point in ["on_async_payment_succeeded", "on_async_payment_failed", "on_refund", "on_dispute"] :
          toset([for name, role in roles : role if startswith(name, "${entry_point} ")]) == toset([for name, role in roles : role if startswith(name, "on_checkout_session_completed ")])
      ])
    ])
    error_message = "Each may do what the others may."
  }
  assert {
    condition     = local.environment["on_dispute"].ACCESS_POLICY == "any_refund,dispute_opened" && local.environment["on_dispute"].REFUND_MAILS == "true"
    error_message = "What was asked for."
  }
  assert {
    condition = { for entry_point, each in google_cloudfunctions2_function.this : entry_point => each.service_config[0].min_instance_count if startswith(entry_point, "on_") } == {
      on_checkout_session_completed = 1, on_async_payment_succeeded = 1, on_async_payment_failed = 1, on_refund = 0, on_dispute = 0
    }
    error_message = "No buyer waits for a refund or a dispute: they need no warm instance."
  }
}

run "by_default_full_refunds_and_lost_disputes_revoke_and_nothing_is_mailed" {
  command = plan

  assert {
    condition     = local.environment["on_refund"].ACCESS_POLICY == "full_refund,dispute_lost" && local.environment["on_refund"].REFUND_MAILS == "false" && local.environment["stripe_webhook"].ABANDONED_CARTS == "false"
    error_message = "The defaults are those of the functions."
  }
  assert {
    condition = jsonencode(output.deployment.after_sale) == jsonencode({
      access_policy = ["full_refund", "dispute_lost"], refund_mails = false, abandoned_carts = false
    })
    error_message = "The operator's commands know the policy."
  }
  assert {
    condition = { for entry_point, each in output.deployment.subscribers : entry_point => "${each.subscription} ${each.thin_subscription} ${coalesce(each.event_type, "several")} ${length(each.event_types)}" } == {
      on_checkout_session_completed = "checkout-completed checkout-completed-thin checkout.session.completed 1"
      on_async_payment_succeeded    = "checkout-succeeded checkout-succeeded-thin checkout.session.async_payment_succeeded 1"
      on_async_payment_failed       = "checkout-failed checkout-failed-thin checkout.session.async_payment_failed 1"
      on_refund                     = "checkout-refund checkout-refund-thin several 3"
      on_dispute                    = "checkout-dispute checkout-dispute-thin several 9"
    }
    error_message = "The operator's commands know the subscriptions, and the types of each function."
  }
  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.this), "on_checkout_session_expired") && !contains(keys(google_pubsub_subscription.subscriber), "on_checkout_session_expired")
    error_message = "Abandoned carts are off."
  }
}

run "abandoned_carts_have_a_function_that_knows_no_orders" {
  command = plan

  variables {
    after_sale  = { abandoned_carts = true }
    subscribers = { min_instances = 1 }
  }

  assert {
    condition = [for key in ["on_checkout_session_expired", "on_checkout_session_expired thin"] : "${google_pubsub_subscription.subscriber[key].name}: ${google_pubsub_subscription.subscriber[key].filter}"] == [
      "checkout-expired: attributes.event_type = \"checkout.session.expired\"", "checkout-expired-thin: attributes.event_type = \"v1.checkout.session.expired\"",
    ]
    error_message = "It gets the sessions that have expired, also as thin events."
  }
  assert {
    condition = local.environment["on_checkout_session_expired"] == {
      GOOGLE_CLOUD_PROJECT = "acme-shop", STRIPE_LIVEMODE = "true", DEAD_LETTER_TOPIC = "checkout-events-dead-letter", ORDER_FILTER = "metadata.shop=acme"
      STRIPE_API_KEY_FILE  = "/secrets/stripe_api_key/secret", HOOK_TIMEOUT = "30", WAREHOUSE_URL = "https://warehouse.acme.example"
    }
    error_message = "It is told what it needs to read a session and to run the hook, and no database."
  }
  assert {
    condition     = !contains(keys(google_project_iam_member.orders), "on_checkout_session_expired") && !contains(keys(google_pubsub_topic_iam_member.publisher), "on_checkout_session_expired order_events")
    error_message = "It may not touch the orders."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["on_checkout_session_expired"].service_config[0].min_instance_count == 0 && google_cloudfunctions2_function.this["on_checkout_session_expired"].service_config[0].timeout_seconds == 150
    error_message = "It has the hook's time, and no warm instance."
  }
  assert {
    condition     = local.environment["stripe_webhook"].ABANDONED_CARTS == "true" && output.deployment.after_sale.abandoned_carts && output.deployment.subscribers["on_checkout_session_expired"].event_type == "checkout.session.expired"
    error_message = "The webhook stores what the function is for, and the operator's commands register it."
  }
  assert {
    condition     = keys(output.subscriber_accounts) == ["on_async_payment_failed", "on_async_payment_succeeded", "on_checkout_session_completed", "on_checkout_session_expired", "on_dispute", "on_refund"]
    error_message = "It runs the user's code."
  }
}

run "live_mode_keeps_a_webhook_warm" {
  assert {
    condition     = google_cloudfunctions2_function.this["stripe_webhook"].service_config[0].min_instance_count == 1
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
    condition     = output.order_status_url == null && output.deployment.order_status == null
    error_message = "An order status page that is off leaves nothing."
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.invoker) == keys(local.subscribers)
    error_message = "No public caller where an organization forbids it."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["stripe_webhook"].service_config[0].min_instance_count == 0
    error_message = "Nothing is kept warm in test mode."
  }
  assert {
    condition     = keys(google_secret_manager_secret.this) == ["webhook"] && keys(google_secret_manager_secret_iam_member.accessor) == ["stripe_webhook webhook"]
    error_message = "Without a key and a mail server there is one secret."
  }
  assert {
    condition = alltrue([
      for each in google_cloudfunctions2_function.this : length(setintersection(
        keys(each.service_config[0].environment_variables),
        ["STRIPE_API_KEY_FILE", "SMTP_URL_FILE", "EMAIL_FROM", "SHOP_URL", "ORDER_EVENTS_TOPIC", "ORDER_FILTER"],
      )) == 0
    ])
    error_message = "What is not configured is not set."
  }
  assert {
    condition     = length(google_cloud_scheduler_job.reconcile) == 0 && !contains(keys(google_monitoring_alert_policy.query), "no_reconcile")
    error_message = "Without a key Stripe is not read."
  }
  assert {
    condition     = keys(google_cloudfunctions2_function.this) == concat(keys(local.subscribers), ["stripe_webhook"]) && keys(google_service_account.function) == keys(google_cloudfunctions2_function.this)
    error_message = "A function that is off leaves nothing, not even its account."
  }
  assert {
    condition     = output.deployment.topics.order_events == null && output.deployment.reconcile == null && output.deployment.secrets.stripe_api_key == null && output.order_events_topic == null
    error_message = "What is off is null."
  }
}

# Resources that have another address in Terraform's state than in an earlier version. `terraform apply` keeps the resource
# and changes its address. Remove a block only when upgrades from such a version are no longer supported.

# Before 1.0.0 each function had resources of its own.

moved {
  from = google_service_account.webhook
  to   = google_service_account.function["stripe_webhook"]
}

moved {
  from = google_service_account.subscriber
  to   = google_service_account.function
}

moved {
  from = google_service_account.reconcile[0]
  to   = google_service_account.function["reconcile"]
}

moved {
  from = google_service_account.order_status[0]
  to   = google_service_account.function["order_status"]
}

moved {
  from = google_service_account.push
  to   = google_service_account.caller
}

moved {
  from = google_service_account.schedule[0]
  to   = google_service_account.caller["reconcile"]
}

moved {
  from = google_pubsub_topic.events
  to   = google_pubsub_topic.this["events"]
}

moved {
  from = google_pubsub_topic.dead_letter
  to   = google_pubsub_topic.this["dead_letter"]
}

moved {
  from = google_pubsub_topic.order_events[0]
  to   = google_pubsub_topic.this["order_events"]
}

moved {
  from = google_pubsub_topic_iam_member.webhook_publishes_events
  to   = google_pubsub_topic_iam_member.publisher["stripe_webhook events"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_parks["on_checkout_session_completed"]
  to   = google_pubsub_topic_iam_member.publisher["on_checkout_session_completed dead_letter"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_parks["on_async_payment_succeeded"]
  to   = google_pubsub_topic_iam_member.publisher["on_async_payment_succeeded dead_letter"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_parks["on_async_payment_failed"]
  to   = google_pubsub_topic_iam_member.publisher["on_async_payment_failed dead_letter"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_announces["on_checkout_session_completed"]
  to   = google_pubsub_topic_iam_member.publisher["on_checkout_session_completed order_events"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_announces["on_async_payment_succeeded"]
  to   = google_pubsub_topic_iam_member.publisher["on_async_payment_succeeded order_events"]
}

moved {
  from = google_pubsub_topic_iam_member.subscriber_announces["on_async_payment_failed"]
  to   = google_pubsub_topic_iam_member.publisher["on_async_payment_failed order_events"]
}

moved {
  from = google_pubsub_topic_iam_member.reconcile_publishes_events[0]
  to   = google_pubsub_topic_iam_member.publisher["reconcile events"]
}

moved {
  from = google_pubsub_topic_iam_member.order_status_publishes_events[0]
  to   = google_pubsub_topic_iam_member.publisher["order_status events"]
}

moved {
  from = google_secret_manager_secret_iam_member.webhook_reads_secrets
  to   = google_secret_manager_secret_iam_member.accessor["stripe_webhook webhook"]
}

moved {
  from = google_secret_manager_secret_iam_member.subscriber_reads_secrets
  to   = google_secret_manager_secret_iam_member.accessor
}

moved {
  from = google_secret_manager_secret_iam_member.reconcile_reads_api_key[0]
  to   = google_secret_manager_secret_iam_member.accessor["reconcile stripe_api_key"]
}

moved {
  from = google_secret_manager_secret_iam_member.order_status_reads_api_key[0]
  to   = google_secret_manager_secret_iam_member.accessor["order_status stripe_api_key"]
}

moved {
  from = google_project_iam_member.subscriber_writes_orders
  to   = google_project_iam_member.orders
}

moved {
  from = google_project_iam_member.reconcile_reads_orders[0]
  to   = google_project_iam_member.orders["reconcile"]
}

moved {
  from = google_project_iam_member.order_status_reads_orders[0]
  to   = google_project_iam_member.orders["order_status"]
}

moved {
  from = google_cloudfunctions2_function.webhook
  to   = google_cloudfunctions2_function.this["stripe_webhook"]
}

moved {
  from = google_cloudfunctions2_function.subscriber
  to   = google_cloudfunctions2_function.this
}

moved {
  from = google_cloudfunctions2_function.reconcile[0]
  to   = google_cloudfunctions2_function.this["reconcile"]
}

moved {
  from = google_cloudfunctions2_function.order_status[0]
  to   = google_cloudfunctions2_function.this["order_status"]
}

moved {
  from = google_cloud_run_v2_service_iam_member.anybody_calls_webhook[0]
  to   = google_cloud_run_v2_service_iam_member.invoker["stripe_webhook"]
}

moved {
  from = google_cloud_run_v2_service_iam_member.push_calls_subscriber
  to   = google_cloud_run_v2_service_iam_member.invoker
}

moved {
  from = google_cloud_run_v2_service_iam_member.schedule_calls_reconcile[0]
  to   = google_cloud_run_v2_service_iam_member.invoker["reconcile"]
}

moved {
  from = google_cloud_run_v2_service_iam_member.anybody_calls_order_status[0]
  to   = google_cloud_run_v2_service_iam_member.invoker["order_status"]
}

moved {
  from = google_logging_metric.late
  to   = google_logging_metric.any["late"]
}

# Finds on a schedule what Stripe knows and did not send. It is deployed only with an API key, which it reads Stripe with.

locals {
  reconcile_count = var.stripe.api_key_version == null ? 0 : 1

  reconcile_schedule = (
    var.reconcile.every_minutes < 60 ? "*/${var.reconcile.every_minutes} * * * *" :
    var.reconcile.every_minutes == 60 ? "7 * * * *" : "7 */${floor(var.reconcile.every_minutes / 60)} * * *"
  )

  reconcile = {
    enabled       = local.reconcile_count == 1
    slug          = "reconcile"
    description   = "Compares Stripe's sessions with the orders, and publishes missing events"
    caller        = { who = "Cloud Scheduler", slug = "schedule" } # of the same project, which is internal
    timeout       = 900                                            # a run ends itself after ten minutes, at the end of a page
    max_instances = 1
    concurrency   = 1
    topics        = ["events"]
    orders_role   = "roles/datastore.user" # to read the orders, and to write how far it has come
    secrets       = { stripe_api_key = "STRIPE_API_KEY_FILE" }
    environment = {
      DEPLOYMENT                 = var.name
      ORDER_FILTER               = var.stripe.order_filter
      RECONCILE_MAX_AGE_DAYS     = tostring(var.reconcile.max_age_days)
      RECONCILE_LATE_MINUTES     = tostring(var.reconcile.late_minutes)
      RECONCILE_READS_PER_SECOND = tostring(var.reconcile.reads_per_second)
      RECONCILE_SINCE            = local.sold_since
    }
  }

  # What was sold before the first apply belongs to another system. The webhook's secret is created by the first apply, so
  # its age is the deployment's. The first run may be later: a sale before it whose event is lost must be found, too. A refund of
  # an earlier sale concerns no order of this deployment, so the functions that change orders need the time, too.
  sold_since = coalesce(var.reconcile.since, google_secret_manager_secret.this["webhook"].create_time)
}

resource "google_cloud_scheduler_job" "reconcile" {
  count = local.reconcile_count

  project          = var.project_id
  region           = var.region
  name             = local.function_name["reconcile"]
  description      = "Every ${var.reconcile.every_minutes} minutes: compares Stripe's sessions with the orders"
  schedule         = local.reconcile_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${local.reconcile.timeout + 30}s"

  retry_config {
    retry_count          = 2
    min_backoff_duration = "60s"
    max_backoff_duration = "300s"
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.this["reconcile"].service_config[0].uri # run.app: no other is internal

    oidc_token {
      service_account_email = google_service_account.caller["reconcile"].email
      audience              = google_cloudfunctions2_function.this["reconcile"].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}

# How far Stripe and the orders were apart, run by run: counts, and ages in seconds.
resource "google_logging_metric" "drift" {
  for_each = toset(["missing", "behind", "unattended", "late", "oldest_missing_s", "oldest_late_s", "open_disputes"])

  project         = var.project_id
  name            = "${local.function_name["reconcile"]}-${replace(each.value, "_", "-")}"
  description     = "`${each.value}` in the lines of reconcile: see functions/fulfillment/reconcile/stats.py"
  filter          = "${local.reconcile_lines} AND jsonPayload.${each.value}:*"
  value_extractor = "EXTRACT(jsonPayload.${each.value})"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = endswith(each.value, "_s") ? "s" : "1"
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

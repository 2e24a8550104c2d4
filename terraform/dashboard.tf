# One page for an operator, from top to bottom: is anything wrong, do we keep what we promise, the way of an event.

locals {
  # Rows of charts: each has `sets`, PromQL by its legend ("": by the labels that the query keeps). `unit` where it is no
  # count, `bars` for counts of single things, `line` for the threshold of an alert.
  charts = [
    [
      {
        title = "Requests to the webhook, by outcome", bars = true
        sets  = { "" = "sum by (outcome) (increase(${local.log_metric["webhook"]}{${local.of_webhook}}[$${__interval}]))" }
      },
      {
        title = "Refused requests, by likely cause", bars = true
        sets  = { "" = "sum by (cause) (increase(${local.log_metric["webhook"]}{${local.of_webhook},outcome=\"refused\"}[$${__interval}]))" }
      },
      {
        title = "Ack: how long Stripe, and the buyer, wait", unit = "ms"
        sets = {
          for legend, quantile in { p50 = "0.50", p99 = "0.99" } :
          legend => "histogram_quantile(${quantile}, sum by (le) (rate(run_googleapis_com:request_latencies_bucket{${local.of_webhook}}[$${__interval}])))"
        }
      },
    ],
    [
      {
        title = "Age of the oldest event not handled", unit = "s", line = var.alerts.oldest_unacked_minutes * 60
        sets  = { "" = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_subscriptions}})" }
      },
      {
        title = "Events not handled"
        sets  = { "" = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_subscriptions}})" }
      },
      {
        title = "Dead letters"
        sets  = { "waiting for a person" = "sum(pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_dead_letter}})" }
      },
    ],
    [
      {
        title = "Deliveries, by outcome", bars = true
        sets  = { "" = "sum by (outcome) (increase(${local.log_metric["deliveries"]}{${local.of_all}}[$${__interval}]))" }
      },
      {
        title = "Deliveries that must come again, by subscriber", bars = true
        sets  = { "" = "sum by (entry_point) (increase(${local.log_metric["deliveries"]}{${local.of_all},outcome=~\"retry|failed\"}[$${__interval}]))" }
      },
      {
        title = "Effects done", bars = true
        sets  = { for effect in local.effects : effect => "sum(increase(${local.log_metric["effects"]}{${local.of_all},${effect}=\"done\"}[$${__interval}]))" }
      },
      {
        title = "Effects that failed", bars = true
        sets  = { for effect in local.effects : effect => "sum(increase(${local.log_metric["effects"]}{${local.of_all},${effect}=~\"failed|to be tried again\"}[$${__interval}]))" }
      },
    ],
    [
      {
        title = "Requests that failed (5xx), or that Google refused (401, 403, 429)", bars = true
        sets  = { "" = "sum by (service_name, status) (increase(${local.log_metric["requests"]}{${local.of_function},status=~\"5..|401|403|429\"}[$${__interval}]))" }
      },
      {
        title = "Instances"
        sets  = { "" = "sum by (service_name) (run_googleapis_com:container_instance_count{${local.of_all}})" }
      },
      {
        title = "Firestore"
        sets = {
          for what in ["write", "read"] :
          "${what}s" => "sum(increase(firestore_googleapis_com:document_${what}_ops_count{monitored_resource=\"firestore.googleapis.com/Database\",database_id=\"${google_firestore_database.orders.name}\"}[$${__interval}]))"
        }
      },
    ],
  ]

  # Of Stripe's other events, where there are any: what waits for the handlers, what they answer, and the dead letters.
  stripe_events_charts = [
    for dead_letter in local.of_stripe_events_dead_letter[*] : concat(
      flatten([for handlers in local.of_handlers[*] : [
        {
          title = "Age of the oldest event without its handler", unit = "s", line = var.alerts.oldest_unacked_minutes * 60
          sets  = { "handlers" = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age{${handlers}})" }
        },
        {
          title = "Answers of the handlers", bars = true
          sets  = { "" = "sum by (response_class) (increase(pubsub_googleapis_com:subscription_push_request_count{${handlers}}[$${__interval}]))" }
        },
      ]]),
      [{
        title = "Dead letters of Stripe's other events"
        sets  = { "waiting for a person" = "sum(pubsub_googleapis_com:subscription_num_undelivered_messages{${dead_letter}})" }
      }],
    )
  ]

  # Of the money after a sale. Only reconcile counts open disputes.
  after_sale_charts = [
    concat(
      [
        {
          title = "Deliveries to orders with refunds, disputes or warnings, by event", bars = true
          sets  = { "" = "sum by (event_type) (increase(${local.log_metric["after-sale"]}{${local.of_all}}[$${__interval}]))" }
        },
        {
          title = "What became of the orders' money", bars = true
          sets  = { "" = "sum by (money_status) (increase(${local.log_metric["after-sale"]}{${local.of_all}}[$${__interval}]))" }
        },
        {
          title = "Access revoked and granted again", bars = true
          sets  = { "" = "sum by (access) (increase(${local.log_metric["after-sale"]}{${local.of_all},access_changed=\"done\"}[$${__interval}]))" }
        },
      ],
      flatten([for _ in range(local.reconcile_count) : {
        title = "Open disputes, and those due without evidence"
        sets = {
          for legend, metric in merge(
            { open = local.drift_metric["open_disputes"] },
            { for within in ["24h", "72h"] : "due within ${within}" => local.log_metric["evidence_due_${within}"] },
          ) :
          legend => "sum(increase(${metric}_sum{${local.of_reconcile}}[${local.late_window}m])) / sum(increase(${metric}_count{${local.of_reconcile}}[${local.late_window}m]))"
        }
      }]),
    ),
  ]

  chart_rows = [
    for row in concat(local.charts, local.after_sale_charts, local.stripe_events_charts) : [
      for chart in row : {
        title = chart.title
        xyChart = merge({
          dataSets = [
            for legend, query in chart.sets : merge(
              {
                plotType = try(chart.bars, false) ? "STACKED_BAR" : "LINE"
                timeSeriesQuery = merge(
                  { prometheusQuery = query },
                  { for key, unit in { unitOverride = try(chart.unit, null) } : key => unit if unit != null },
                )
              },
              { for key, text in { legendTemplate = legend } : key => text if text != "" },
            )
          ]
        }, { for key, line in { thresholds = try([{ value = chart.line }], null) } : key => line if line != null })
      }
    ]
  ]

  # Two rows: what the snapshot events and the thin ones are promised. A row's widgets share its twelve columns.
  slo_rows = [for slos in [
    merge(
      { "Stored and answered 200" = google_monitoring_slo.acked.name },
      { for key, slo in google_monitoring_slo.in_time : "${key} in time" => slo.name if !endswith(key, " thin") },
    ),
    { for key, slo in google_monitoring_slo.in_time : "${key} in time" => slo.name if endswith(key, " thin") },
    ] : [
    for title, slo in slos : {
      title = "Budget left: ${title}"
      scorecard = {
        timeSeriesQuery = {
          unitOverride = "10^2.%"
          timeSeriesFilter = {
            filter      = "select_slo_budget_fraction(\"${slo}\")"
            aggregation = { perSeriesAligner = "ALIGN_NEXT_OLDER" }
          }
        }
        thresholds = [
          { value = 0.5, color = "YELLOW", direction = "BELOW" },
          { value = 0.1, color = "RED", direction = "BELOW" },
        ]
      }
    }
  ]]

  head_row = [
    {
      title = "${var.name} (${var.stripe.livemode ? "live" : "test"} mode)"
      text = {
        format  = "MARKDOWN"
        content = "Runbook: [${var.alerts.docs_url}](${var.alerts.docs_url})\n\n[Where is my order?](${var.alerts.docs_url}#where-is-my-order) · [Dead letters](${var.alerts.docs_url}#read-and-replay-dead-letters) · [Follow a trace](${var.alerts.docs_url}#follow-a-trace)"
      }
    },
    {
      title = "Open alerts"
      incidentList = {
        policyNames = [ # without the project, as the API wants them here
          for policy in local.alert_policies : "alertPolicies/${basename(policy.name)}"
        ]
      }
    },
  ]

  log_row = [
    {
      title = "Warnings and errors"
      logsPanel = {
        filter        = "${local.lines} AND severity>=WARNING"
        resourceNames = ["projects/${var.project_id}"]
      }
    },
  ]

  dashboard_rows = concat(
    [{ height = 3, widgets = local.head_row }],
    [for row in local.slo_rows : { height = 3, widgets = row }],
    [for row in local.chart_rows : { height = 4, widgets = row }],
    [{ height = 5, widgets = local.log_row }],
  )
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "${var.name}: Stripe Checkout fulfillment"
    mosaicLayout = {
      columns = 12
      tiles = flatten([
        for y, row in local.dashboard_rows : [
          for x, widget in row.widgets : merge(
            { width = 12 / length(row.widgets), height = row.height, widget = widget },
            { for key, place in { # the API leaves a 0 out, which would be a change in every plan
              xPos = x * 12 / length(row.widgets)
              yPos = sum(concat([0], [for above in slice(local.dashboard_rows, 0, y) : above.height]))
            } : key => place if place > 0 },
          )
        ]
      ])
    }
  })

  depends_on = [google_project_service.api]
}

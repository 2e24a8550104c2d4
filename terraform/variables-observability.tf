variable "alerts" {
  description = <<-EOT
    Who is told, and when. `emails` and `notification_channels` (existing ones, by their full names): who is told of every
    alert. `channels_by_severity`: existing channels for the alerts of one severity alone, such as a pager for CRITICAL; the
    others are ERROR and WARNING. `docs_url`: where your copy of docs/operations.md is; each alert links to its section.
    `oldest_unacked_minutes`: how long an event may wait to be handled. `webhook_error_ratio`: the share of the requests to
    the webhook within ten minutes that may fail, once more than `webhook_errors_tolerated` have. `webhook_url`: the
    address that Stripe calls, where it is not the function's own; Cloud Monitoring asks it every five minutes. With
    `webhook.public = false` the alert `webhook_unreachable` is off until `webhook_url` is given: the function's own will do.
    `signature_failures_per_hour`: how many requests that claim to be Stripe's may be refused, for each cause.
    `no_event_hours`: how long no event may come; null for ever: set it when the shop sells every day. `disabled`:
    alerts to switch off, by their names in alerts.tf.
  EOT
  type = object({
    emails                      = optional(set(string), [])
    notification_channels       = optional(set(string), [])
    channels_by_severity        = optional(map(set(string)), {})
    docs_url                    = optional(string, "docs/operations.md")
    oldest_unacked_minutes      = optional(number, 15)
    webhook_error_ratio         = optional(number, 0.05)
    webhook_errors_tolerated    = optional(number, 2)
    webhook_url                 = optional(string)
    signature_failures_per_hour = optional(number, 5)
    no_event_hours              = optional(number)
    disabled                    = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for email in var.alerts.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "alerts.emails must be e-mail addresses."
  }
  validation {
    condition     = alltrue([for channel in var.alerts.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "alerts.notification_channels must be full names: projects/PROJECT/notificationChannels/ID."
  }
  validation {
    condition = alltrue([
      for severity, channels in var.alerts.channels_by_severity :
      contains(["CRITICAL", "ERROR", "WARNING"], severity) && alltrue([for channel in channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    ])
    error_message = "alerts.channels_by_severity must give channels by their full names to CRITICAL, ERROR or WARNING."
  }
  validation {
    condition = alltrue([
      for severity in ["CRITICAL", "ERROR", "WARNING"] :
      length(var.alerts.emails) + length(setunion(var.alerts.notification_channels, lookup(var.alerts.channels_by_severity, severity, []))) <= 16
    ])
    error_message = "An alert can tell sixteen channels at most: give fewer alerts.emails, or a group's address."
  }
  validation {
    condition     = can(regex("^(https://[^\\s#()\\[\\]]+|docs/operations\\.md)$", var.alerts.docs_url))
    error_message = "alerts.docs_url must be an https:// address without a #section: each alert adds its own."
  }
  validation {
    condition     = var.alerts.oldest_unacked_minutes >= 1 && var.alerts.oldest_unacked_minutes <= 1440 && floor(var.alerts.oldest_unacked_minutes) == var.alerts.oldest_unacked_minutes
    error_message = "alerts.oldest_unacked_minutes must be whole minutes, 1 to 1440."
  }
  validation {
    condition     = var.alerts.webhook_error_ratio >= 0 && var.alerts.webhook_error_ratio < 1
    error_message = "alerts.webhook_error_ratio must be a share, from 0 to below 1: 0.05 for 5 %."
  }
  validation {
    condition     = var.alerts.webhook_errors_tolerated >= 0 && floor(var.alerts.webhook_errors_tolerated) == var.alerts.webhook_errors_tolerated
    error_message = "alerts.webhook_errors_tolerated must be a whole number from 0 on."
  }
  validation {
    condition     = var.alerts.webhook_url == null || can(regex("^https://[a-z0-9.-]+(/[^\\s?#]*)?$", var.alerts.webhook_url))
    error_message = "alerts.webhook_url must be an https:// address without a port or a query: https://shop.acme.example/stripe."
  }
  validation {
    condition     = var.alerts.signature_failures_per_hour >= 0 && floor(var.alerts.signature_failures_per_hour) == var.alerts.signature_failures_per_hour
    error_message = "alerts.signature_failures_per_hour must be a whole number from 0 on."
  }
  validation {
    condition     = var.alerts.no_event_hours == null || try(var.alerts.no_event_hours >= 1 && var.alerts.no_event_hours <= 720 && floor(var.alerts.no_event_hours) == var.alerts.no_event_hours, false)
    error_message = "alerts.no_event_hours must be whole hours, 1 to 720, or null for no such alert."
  }
}

variable "slos" {
  description = <<-EOT
    The service level objectives, over the last `days`. `acked`: the share of the requests that reached an instance of the
    webhook that are stored and answered 200. `in_time`: the share of five-minute windows in which no event has waited
    longer than `in_time_minutes`. `burn_rate_alert`: whether to tell when a day spends the `acked` budget twice too fast; of
    use from some thousands of events a day on: below, one failure is enough.
  EOT
  type = object({
    days            = optional(number, 28)
    acked           = optional(number, 0.999)
    in_time         = optional(number, 0.99)
    in_time_minutes = optional(number, 10)
    burn_rate_alert = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.slos.days >= 1 && var.slos.days <= 30 && floor(var.slos.days) == var.slos.days
    error_message = "slos.days must be whole days, 1 to 30."
  }
  validation {
    condition     = alltrue([for goal in [var.slos.acked, var.slos.in_time] : goal > 0 && goal <= 0.999])
    error_message = "slos.acked and slos.in_time must be shares above 0, 0.999 at most."
  }
  validation {
    condition     = var.slos.in_time_minutes >= 1 && var.slos.in_time_minutes <= 1440
    error_message = "slos.in_time_minutes must be from 1 to 1440."
  }
}

variable "budget" {
  description = <<-EOT
    A monthly budget for the project's costs; null for none. `billing_account`: its id. `amount`: whole units of
    `currency`, which must be the billing account's own; null for it. `thresholds`: the shares of the amount at which
    alerts.emails are told, five addresses at most. It tells and stops nothing.
  EOT
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string)
    thresholds      = optional(set(number), [0.5, 0.9, 1])
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must be a billing account's id: 012345-6789AB-CDEF01."
  }
  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount must be a whole number from 1 on."
  }
  validation {
    condition     = var.budget == null || try(var.budget.currency == null, true) || can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "budget.currency must be three capital letters, such as EUR: the billing account's currency."
  }
  validation {
    condition     = var.budget == null || try(length(var.budget.thresholds) > 0 && alltrue([for each in var.budget.thresholds : each > 0 && each <= 10]), false)
    error_message = "budget.thresholds must be one or more shares of the amount, above 0 and up to 10: 0.9 for 90 %."
  }
}

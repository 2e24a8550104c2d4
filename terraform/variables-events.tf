variable "events" {
  description = <<-EOT
    Stripe's other events. `route`: the event types that are published on a topic of their own, such as `invoice.paid` or
    `customer.subscription.*`; thin twins go with them. `handlers`: whether functions/handlers runs for them. `bigquery`: a
    dataset that gets a copy of every event, of orders too; `{}` for the defaults. `archive`: the same for a bucket. Both
    hold buyers' names and addresses: rows and objects expire after `expiration_days`. `location`: the deployment's region
    by default. `protected`: whether Terraform refuses to destroy the tables; the bucket is never destroyed with objects
    in it.
  EOT
  type = object({
    route    = optional(list(string), [])
    handlers = optional(bool, false)
    bigquery = optional(object({
      dataset         = optional(string)
      location        = optional(string)
      expiration_days = optional(number, 400)
      protected       = optional(bool, true)
    }))
    archive = optional(object({
      bucket          = optional(string)
      location        = optional(string)
      expiration_days = optional(number, 400)
    }))
  })
  default  = {}
  nullable = false

  # The next three as Routes.parse in functions/fulfillment/domain/routes.py reads a route.
  validation {
    condition     = !contains([for each in var.events.route : try(trimprefix(each, "v1."), "")], "*")
    error_message = "events.route must name the types: `*` alone is refused, because a type may need an answer."
  }
  validation {
    condition     = alltrue([for each in var.events.route : can(regex("^([a-z0-9_]+(\\.[a-z0-9_]+)+|[a-z0-9_]+(\\.[a-z0-9_]+)*\\.\\*|\\*)$", trimprefix(each, "v1.")))])
    error_message = "events.route must hold event types, such as invoice.paid or customer.subscription.*: each by itself, in lower case."
  }
  validation {
    condition = alltrue([
      for each in [for each in var.events.route : try(trimprefix(each, "v1."), "")] :
      each != "issuing_authorization.request" && !(endswith(each, ".*") && startswith("issuing_authorization.request", trimsuffix(each, "*")))
    ])
    error_message = "events.route must not include issuing_authorization.request: Stripe needs an answer, and this product gives none."
  }
  validation {
    condition     = !var.events.handlers || length(var.events.route) > 0
    error_message = "events.handlers needs events.route: the types that the handlers are for."
  }
  validation {
    condition     = alltrue([for sink in [var.events.bigquery, var.events.archive] : try(sink.expiration_days >= 1 && floor(sink.expiration_days) == sink.expiration_days, sink == null)])
    error_message = "events.bigquery.expiration_days and events.archive.expiration_days must be whole days, from 1 on."
  }
}

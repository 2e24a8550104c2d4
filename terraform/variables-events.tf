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
    condition     = alltrue([for each in var.events.route : can(regex("^(([a-z0-9_]+(\\[[a-z0-9_.]+\\])?\\.)+([a-z0-9_]+(\\[[a-z0-9_.]+\\])?|\\*)|\\*)$", trimprefix(each, "v1.")))])
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
  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", coalesce(try(var.events.bigquery.dataset, null), "default")))
    error_message = "events.bigquery.dataset must be a dataset's id: letters, digits and _."
  }
  validation {
    condition     = can(regex("^([a-z]+-[a-z]+[0-9]{1,2}|EU|US)$", coalesce(try(var.events.bigquery.location, null), var.region)))
    error_message = "events.bigquery.location must be a region, such as europe-west1, or EU or US."
  }
  validation {
    # As archive.tf names the bucket.
    condition = alltrue([
      for bucket in [for archive in var.events.archive[*] : coalesce(archive.bucket, "${var.project_id}-${var.name}-events")] :
      can(regex("^[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$", bucket)) && !can(regex("^goog|google|\\.\\.|^[0-9.]+$", bucket))
    ])
    error_message = "events.archive.bucket must be a bucket's name: 3 to 63 lower case letters, digits, -, _ and ., a letter or digit first and last, without google. By default it is PROJECT-NAME-events."
  }
  validation {
    condition     = can(regex("^([a-z]+-[a-z]+[0-9]{1,2}|ASIA[0-9]?|EUR?[0-9]?|NAM[0-9]|US)$", coalesce(try(var.events.archive.location, null), var.region)))
    error_message = "events.archive.location must be a region, such as europe-west1, or a multi-region or dual-region, such as EU or EUR4."
  }
  validation {
    condition = length(var.residency.message_regions) == 0 || alltrue([
      for location in [try(var.events.bigquery.location, null), try(var.events.archive.location, null)] :
      contains(setunion(var.residency.message_regions, [var.region]), coalesce(location, var.region))
    ])
    error_message = "events.bigquery.location and events.archive.location must be one of residency.message_regions, or the region of the functions: the copies hold what the messages hold."
  }
  validation {
    condition = var.encryption.kms_key == null || alltrue([
      for location in [try(var.events.bigquery.location, null), try(var.events.archive.location, null)] : coalesce(location, var.region) == var.region
    ])
    error_message = "events.bigquery.location and events.archive.location must be left out with encryption.kms_key: a key encrypts in its own region alone."
  }
}

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
}

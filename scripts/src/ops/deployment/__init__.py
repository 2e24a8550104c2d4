"""What was deployed: names, no secrets.

`model`              the deployment as values: topics, functions, accounts, secrets by their ids
`terraform_output`   reads it from Terraform, or from a file
`after_sale`         what a deployment of before version 1.2 lacks
`thin_events`        what a deployment needs before Stripe may send it thin events
`emulated`           the one that runs on the emulators of this machine
"""

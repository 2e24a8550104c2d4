"""What a deployment of before version 1.2 lacks: the functions that handle refunds and disputes."""

from ops.deployment.terraform_output import APPLY

SALES_ALONE = "this deployment was made before version 1.2, and has no function for them"
UPGRADE = f"Run {APPLY}, then scripts/ops register-webhook again"

"""The functions that terraform/ declares, merged as in functions.tf."""

from typing import Any

from docs_tables.source import Block, Module


def functions(module: Module) -> dict[str, dict[str, Any]]:
    """The entry of each function by its entry point, with the defaults. An expression stays text."""
    if "function_defaults" not in module.locals:
        return {}
    entries = {
        **{name: subscriber(module, each) for name, each in module.locals["sale_subscribers"].items()},
        **{
            name: subscriber(module, each) | {"min_instances": 0}
            for name, each in module.locals["after_sale_subscribers"].items()
        },
        "on_checkout_session_expired": module.locals["abandoned_carts"],
        "stripe_webhook": module.locals["webhook"],
        "on_stripe_event": module.locals["stripe_events"],
        "reconcile": module.locals["reconcile"],
        "order_status": module.locals["order_status"],
    }
    return {entry_point: {**module.locals["function_defaults"], **each} for entry_point, each in entries.items()}


def order_subscribers(module: Module) -> dict[str, Block]:
    """The subscribers that change orders, by entry point."""
    return {**module.locals["sale_subscribers"], **module.locals["after_sale_subscribers"]}


def subscriber(module: Module, each: Block) -> dict[str, Any]:
    """The entry of a subscriber: the common values, and its own."""
    slug = each["slug"]
    return {**module.locals["subscriber"], "slug": slug, "caller": {"who": "Pub/Sub", "slug": f"push-{slug}"}}


def environment(module: Module, function: Block) -> dict[str, str]:
    """The settings of a function, as expressions."""
    topics, secrets = module.locals["declared_topics"], module.locals["declared_secrets"]
    return {
        **module.locals["common_environment"],
        **{topics[topic]["setting"]: f'${{google_pubsub_topic.this["{topic}"].name}}' for topic in function["topics"]},
        **(module.locals["orders_environment"] if function["orders_role"] else {}),
        **{setting: f"/secrets/{name}/{secrets[name]['file']}" for name, setting in function["secrets"].items()},
        **function["environment"],
    }

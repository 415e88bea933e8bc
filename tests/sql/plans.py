"""Plans of PostgreSQL, as `explain (format json)` gives them."""


def nodes(plan):
    """The node and all below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)

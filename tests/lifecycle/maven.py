"""How the public sample of deals is read: who knows what in it, and what its columns are."""

ACCOUNTS = """
source = "maven"

[fields]
external_id = "account"
name = "account"

[custom]
sector = { column = "sector", type = "text" }
revenue = { column = "revenue", type = "number", label = "Revenue (millions)" }
office = { column = "office_location", type = "text" }
"""

DEALS = """
source = "maven"
dates = ["%Y-%m-%d"]

[fields]
external_id = "opportunity_id"
title = { template = "{product} for {account}" }
stage = { column = "deal_stage", values = { Prospecting = "new", Engaging = "qualified", Won = "won", Lost = "lost" } }
company = { column = "account", missing = "warning" }
amount = "close_value"
currency = { constant = "USD" }
opened_at = "engage_date"
closed_at = "close_date"

# A deal that is engaging was a prospect before; when it became one nobody wrote down.
[history]
new = "engage_date"
qualified = "engage_date"

[custom]
product = { column = "product", type = "text", known_in = { file = "products.csv", column = "product" } }
# The agents are no teammates of ours.
sales_agent = { column = "sales_agent", type = "text" }
"""

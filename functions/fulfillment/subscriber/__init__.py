"""3. A message becomes an outcome: acknowledge, try again, or park (`endpoint`); `delivery` brings one event in.

`executors` says which effects there are in this deployment, by its `settings`.
"""

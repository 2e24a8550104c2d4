"""3. A message becomes an outcome: acknowledge, try again, or park (`endpoint`); `delivery` brings one event in."""

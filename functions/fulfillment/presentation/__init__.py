"""How an order is told to its buyer: `statement` says what, `locales` in which notation, `postal` the address on the
parcel, `templates` in the shop's own words.
"""

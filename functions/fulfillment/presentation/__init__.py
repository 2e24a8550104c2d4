"""An order in the buyer's notation: `statement` selects items and amounts, `locales` formats numbers and dates,
`postal` the address on the parcel, and `templates` renders the shop's texts.
"""

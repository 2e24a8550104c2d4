"""6. What an order owes is done to the world, and struck off (`runner`). A new effect is a file here.

`hook` runs the user's hooks.py. `mail` sends what
`letters` writes, with its `mail_headers`. `announce` tells a topic.
"""

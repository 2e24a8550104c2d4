"""6. What an order owes is done to the world, and marked done (`runner`). A new effect is a file here.

`attempts` says what became of each effect in one delivery. `hook` runs the user's hooks.py. `mail` sends what
`mail_message` writes with `mail_headers`; `mail_refusals` is what a server's answer becomes. `announce` tells a topic.
"""

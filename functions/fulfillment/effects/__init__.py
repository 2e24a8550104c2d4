"""6. `runner` performs the effects that an order owes, and marks them done. A new effect is a new file here.

`attempts`: each effect's result in one delivery. `hook` calls the user's hooks.py. `mail_message` and `mail_headers`
write mails, `mail` sends them, `mail_refusals` reads a server's answer. `announce` publishes order events.
"""

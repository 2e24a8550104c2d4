"""How people are told.

`tables`     rows for the eye that also suit grep
`times`      lengths of time and dates, as people write and read them
`progress`   a bar for long work
"""

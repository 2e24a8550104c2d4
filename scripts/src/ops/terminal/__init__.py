"""Output for people.

`tables`     readable rows that also suit grep
`times`      durations and dates, as people write and read them
`progress`   a progress bar
"""

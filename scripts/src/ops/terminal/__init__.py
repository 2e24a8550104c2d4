"""Output for people.

`tables`     readable rows that also suit grep
`times`      durations and dates, as people write and read them
`amounts`    amounts of money
`progress`   a progress bar
"""

"""How to reach Temporal: one way to connect, whether its queues are being polled, and chores that go on
whatever happens.

May import: config.
"""

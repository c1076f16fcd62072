"""How to reach Temporal: one way to connect, whether its queues are being polled; and how to keep at it.

May import: config.
"""

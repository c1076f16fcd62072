"""How to reach Temporal: one way to connect, whether its queues are being polled; and background
work that goes on whatever happens.

May import: config.
"""

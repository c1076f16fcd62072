"""How to reach Temporal: one way to connect, and whether its queues are being polled.

May import: config.
"""

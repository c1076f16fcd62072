"""Settings read once and frozen, the order's time budget, the task queues.

May import: nothing.
"""

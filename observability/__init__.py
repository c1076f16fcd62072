"""What can be seen of the system from outside: logs, metrics. Nothing below imports it.

May import: config.
"""

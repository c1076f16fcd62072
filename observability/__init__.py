"""What can be seen of the system from outside: logs, metrics, invariants. Nothing below imports it.

May import: domain, config, db, engine, workflows.
"""

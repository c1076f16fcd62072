"""Start, adopt, keep alive and stop what the system is made of: the Temporal server and the workers.

May import: bootstrap, config, domain, engine.
"""

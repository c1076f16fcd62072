"""What is wrong with this installation, and what to do about it: `./doctor`.

May import: api, bootstrap, config, db, domain, engine, signals, supervisor, workflows.
"""

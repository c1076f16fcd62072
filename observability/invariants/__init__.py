"""What must always be true of the books, of the providers' own logs and of what clients were told.

May import: domain, config, db, engine, workflows.
"""

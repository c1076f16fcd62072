"""The HTTP face: routes by subject, their schemas, their errors. It decides nothing about orders.

May import: domain, config, db, engine, signals, activities, workflows, supervisor.
"""

"""Figures, and the runs that yield them: each a command of its own, seeded, bounded in time.

May import: activities, config, db, domain, engine, hedge_state, hedging, observability, supervisor,
workers, workflows.
"""

"""Figures, and the runs that yield them: each a command of its own, seeded, bounded in time.

May import: domain, config, db, hedge_state, hedging, observability, supervisor.
"""

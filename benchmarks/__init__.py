"""Figures, and the runs that yield them: each a command of its own, seeded, bounded in time.

May import: activities, bootstrap, config, db, domain, engine, function_stubs, hedge_state, hedging, main,
observability, supervisor, workers, workflows.
"""

"""Three workers, each a process of its own, and what they share.

May import: domain, config, db, engine, function_stubs, hedge_state, hedging, activities, workflows,
observability.
"""

"""One deed a stage: hedge the stub, write the outcome once, translate its faults for Temporal.

May import: domain, config, db, function_stubs, hedge_state, hedging, signals.
"""

"""Measurements with their results as data.

May import: domain, hedge_state, hedging.
"""

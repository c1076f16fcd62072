"""The words of the order lifecycle: stages, statuses, refusals, faults; no I/O, no clock.

May import: nothing.
"""

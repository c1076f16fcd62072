"""What must be on the machine before the system can start.

May import: nothing.
"""

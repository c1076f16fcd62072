"""What a race of attempts stands on: its records, its watch, what a stage has learned, what it may spend.

May import: domain, prometheus_client.
"""

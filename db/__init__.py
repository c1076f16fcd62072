"""The books: tables, migrations, the few guarded ways to write them and the ways to read them.

May import: domain, signals.
"""

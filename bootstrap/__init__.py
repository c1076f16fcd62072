"""From a bare Python to a running environment: .venv as locked, .env, the Temporal CLI, the checks.

Standard library only: it runs before anything is installed.

May import: nothing.
"""

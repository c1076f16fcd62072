"""Several APIs and several of each worker, on one PostgreSQL and one Temporal server."""

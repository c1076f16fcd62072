"""Orders under fire: a seeded schedule of faults, a crowd of customers, and what became of both."""

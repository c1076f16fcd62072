"""A shop to test in: the real workers and books, with dice that the test throws and doors that it opens."""

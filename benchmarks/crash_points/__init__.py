"""Every path of an order's life, with its process killed at every write and every call to Temporal."""

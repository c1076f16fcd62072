"""The story of an order, of its shipping and of its return, each told in order.

May import: domain, config, signals, activities.
"""

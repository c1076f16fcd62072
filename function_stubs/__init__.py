"""The deliberately flaky calls, and the record each makes once in our books.

A module has two functions a stage: the call, which is raced, and the record, one transaction of ours.

May import: domain, db.
"""

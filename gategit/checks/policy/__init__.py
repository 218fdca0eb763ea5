"""Governance policies written in Python, run in a process of their own."""

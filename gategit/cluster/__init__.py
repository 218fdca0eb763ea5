"""API servers: how to reach one, how to ask it, what it serves, and what an export of it says."""

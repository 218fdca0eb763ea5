"""The rehearsal: whether a cluster can be rebuilt from Git alone, and what is missing for that."""

"""What a cluster has otherwise than Git declares it."""

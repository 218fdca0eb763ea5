"""What files of a repository name, and whether it is there."""

"""Command line: options in, exit code out; nothing else."""

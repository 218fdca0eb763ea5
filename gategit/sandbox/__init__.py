"""An API server and etcd for the length of a run: found, started, filled, and taken away again."""

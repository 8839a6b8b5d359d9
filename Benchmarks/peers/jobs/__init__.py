"""The jobs that peers and this host do alike: rows, keys, series, management. Each has `def run(bench, clients)`."""

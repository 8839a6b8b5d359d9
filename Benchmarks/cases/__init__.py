"""The suites: one module each, with a first line that says what it measures and a function `run(bench)`."""

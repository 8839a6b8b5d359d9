"""The harness of the benchmarks: starts hosts, interleaves rounds, reports figures beside their floors.

Only Python's standard library is used, so that `make bench` needs nothing but the packages of the build.
"""

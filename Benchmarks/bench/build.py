"""Compiles floors, clients and modules of the benchmarks into the work folder, each at most once a run."""

import os
import subprocess

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(HERE)


class BuildFailure(Exception):
    """What the compiler said."""


class Builder:
    """Compiles C sources of this folder."""

    def __init__(self, folder):
        self.folder = folder
        self._made = {}

    def program(self, source, *flags):
        """Compiles Benchmarks/SOURCE to a program and returns its path."""
        return self._compile(source, "", ["-O2", "-std=gnu11", *flags])

    def module(self, source, *flags, name=None):
        """Compiles Benchmarks/SOURCE to a module of the host and returns its path, in a folder for `mpath`."""
        options = ["-O2", "-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,now", "-Wl,-z,nodelete",
                   "-I" + os.path.join(ROOT, "Sources/ModuleABI/include")]
        return self._compile(source, ".so", [*options, *flags], name)

    def _compile(self, source, suffix, options, name=None):
        name = name or os.path.splitext(os.path.basename(source))[0] + ("-module" if suffix else "")
        target = os.path.join(self.folder, name + suffix)
        key = (source, target, tuple(options))
        if self._made.get(target) != key:
            libraries = [option for option in options if option.startswith("-l")]
            others = [option for option in options if not option.startswith("-l")]
            done = subprocess.run(["cc", *others, "-o", target, os.path.join(HERE, source), *libraries],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise BuildFailure(f"{source} does not compile:\n{done.stderr}")
            self._made[target] = key
        return target

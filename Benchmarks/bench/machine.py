"""What the figures were taken on."""

import os
import platform
import subprocess

from .build import ROOT


def _first(command, fallback):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return fallback
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else fallback


def _field(path, name, fallback):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(name):
                    return line.partition(":" if ":" in line else "=")[2].strip().strip('"')
    except OSError:
        pass
    return fallback


def facts():
    """Processor, memory, kernel, compilers and commit, in words."""
    memory = _field("/proc/meminfo", "MemTotal", "0 kB").split()[0]
    return {
        "processor": _field("/proc/cpuinfo", "model name", platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{int(memory) / 1048576:.0f} GiB",
        "kernel": f"Linux {platform.release()}",
        "system": _field("/etc/os-release", "PRETTY_NAME", "unknown system"),
        "swift": _first(["swift", "--version"], "no swift on the PATH"),
        "compiler": _first(["cc", "--version"], "no cc on the PATH"),
        "commit": _first(["git", "describe", "--always", "--dirty"], "unknown"),
        "load": f"{os.getloadavg()[0]:.2f}",
    }

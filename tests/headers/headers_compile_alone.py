#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compiles each header of one library alone, seeing only the libraries above it.

usage: headers_compile_alone.py LIB_DIR NAME LIBRARIES_IN_ORDER -- COMPILER...
"""
import pathlib
import subprocess
import sys

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes",
         "-Wconversion", "-Wno-sign-conversion", "-Wno-unused-parameter", "-Werror",
         "-fsyntax-only", "-march=native"]


def dpdk_flags():
    """DPDK's own flags, its headers taken as the system's."""
    told = subprocess.run(["pkg-config", "--cflags", "libdpdk"], check=True,
                          capture_output=True, text=True).stdout.split()
    return ["-isystem" + flag[2:] if flag.startswith("-I") else flag for flag in told]


def compiles(compiler, flags, header):
    """Twice in one file: the include guard is tried too."""
    line = f'#include "{header.name}"\n'
    run = subprocess.run(compiler + FLAGS + flags + ["-x", "c", "-"], input=line * 2, text=True)
    return run.returncode == 0


def main():
    lib, name, order = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
    compiler = sys.argv[sys.argv.index("--") + 1:]
    seen = order[:order.index(name) + 1]
    flags = [f"-I{lib / above}" for above in seen] + dpdk_flags()
    bad = [header.name for header in sorted((lib / name).glob("wr_*.h"))
           if not compiles(compiler, flags, header)]
    if bad:
        sys.exit(f"lib/{name}: these do not compile alone: {' '.join(bad)}")


if __name__ == "__main__":
    main()

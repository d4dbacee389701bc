# SPDX-License-Identifier: BSD-3-Clause
"""The pattern of docs/services.md: bytes that both ends of a connection know."""

import struct

FACTOR, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
AT_ONCE = 1 << 17  # words


def _words(first, count):
    words = (k * FACTOR & MASK for k in range(first, first + count))
    return struct.pack(f"<{count}Q", *(w ^ w >> 32 for w in words))


def pattern(first, count):
    """Bytes 8 * first to 8 * (first + count)."""
    end = first + count
    return b"".join(_words(at, min(AT_ONCE, end - at)) for at in range(first, end, AT_ONCE))

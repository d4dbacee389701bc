/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_UNITS_H
#define I3_UNITS_H

#include <stddef.h>

/*
 * A number of bytes in four digits and a unit, as iperf3 prints it. format: k m g t a are bits
 * (powers of 1000), K M G T A bytes (powers of 1024); a and A choose. "1.18 GBytes", " 957
 * Mbits". Returns buf.
 */
const char *i3_units(char *buf, size_t size, double bytes, char format);

#define I3_UNITS_BYTES 16 /* enough for buf */

#endif /* I3_UNITS_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_NUMBER_H
#define WR_NUMBER_H

#include <stdbool.h>

/* Numbers as people read and write them: three digits and a unit. */

enum wr_unit {
	WR_UNIT_COUNT, /* 4.02M */
	WR_UNIT_RATE,  /* per second: 4.02M */
	WR_UNIT_BITS,  /* bits per second: 9.90 Gbit/s */
	WR_UNIT_TIME,  /* ns: 11.2us */
	WR_UNIT_SHARE, /* of 1: 63.0% */
};

struct wr_number {
	char text[24];
};

struct wr_number wr_number(enum wr_unit unit, double value);

/* As iperf3 prints them: "1.15 GBytes" (1024s) of bytes, "9.90 Gbits/sec" (1000s) of bit/s. */
struct wr_number wr_number_transfer(double bytes);
struct wr_number wr_number_bitrate(double bits_per_s);

/*
 * Reads "50us", "1M", "9.4G", "9.4Gbps", "1%": a number with the suffixes that go with the
 * unit. Of a time, the suffix is needed unless it is 0. False: it is no such number.
 */
bool wr_number_read(enum wr_unit unit, const char *text, double *value);

/* The suffixes, for a message: "ns, us, ms or s". */
const char *wr_number_suffixes(enum wr_unit unit);

#endif /* WR_NUMBER_H */

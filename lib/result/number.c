/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "wr_base.h"
#include "wr_number.h"

struct scale {
	const char *suffix;
	double factor;
};

/* The largest that leaves at least 1 before the point; the smallest stands last. */
static const struct scale counts[] = {{"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}};
static const struct scale times[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
static const struct scale bits[] = {
	{" Tbit/s", 1e12}, {" Gbit/s", 1e9}, {" Mbit/s", 1e6}, {" kbit/s", 1e3}, {" bit/s", 1}};
static const struct scale iperf_bytes[] = {{" TBytes", 0x1p40},
                                           {" GBytes", 0x1p30},
                                           {" MBytes", 0x1p20},
                                           {" KBytes", 0x1p10},
                                           {" Bytes", 1}};
static const struct scale iperf_bits[] = {{" Tbits/sec", 1e12},
                                          {" Gbits/sec", 1e9},
                                          {" Mbits/sec", 1e6},
                                          {" Kbits/sec", 1e3},
                                          {" bits/sec", 1}};

static const struct scale read_bits[] = {
	{"", 1},         {"k", 1e3},      {"M", 1e6},       {"G", 1e9},
	{"T", 1e12},     {"bps", 1},      {"kbps", 1e3},    {"Mbps", 1e6},
	{"Gbps", 1e9},   {"Tbps", 1e12},  {"bit/s", 1},     {"kbit/s", 1e3},
	{"Mbit/s", 1e6}, {"Gbit/s", 1e9}, {"Tbit/s", 1e12}, {NULL, 0},
};
static const struct scale read_counts[] = {{"", 1},    {"k", 1e3},  {"M", 1e6},
                                           {"G", 1e9}, {"T", 1e12}, {NULL, 0}};
static const struct scale read_rates[] = {{"", 1},      {"k", 1e3},   {"M", 1e6},
                                          {"G", 1e9},   {"/s", 1},    {"k/s", 1e3},
                                          {"M/s", 1e6}, {"G/s", 1e9}, {NULL, 0}};
static const struct scale read_times[] = {{"ns", 1},   {"us", 1e3}, {"\xc2\xb5s", 1e3},
                                          {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},
                                          {NULL, 0}};
static const struct scale read_shares[] = {{"%", 0.01}, {"", 1}, {NULL, 0}};

/* Three digits: 4.02, 40.2, 402. What would round up to 1000 belongs to the next scale. */
static struct wr_number scaled(const struct scale *scale, unsigned scales, double value)
{
	struct wr_number number;
	double size = fabs(value), shown;
	unsigned i = 0;

	while (i + 1 < scales && size < scale[i].factor * 0.9995)
		i++;
	shown = value / scale[i].factor;
	size = fabs(shown);
	if (scale[i].factor == 1 && shown == rint(shown))
		snprintf(number.text, sizeof(number.text), "%.0f%s", shown, scale[i].suffix);
	else
		snprintf(number.text, sizeof(number.text), "%.*f%s",
		         size < 9.995   ? 2
		         : size < 99.95 ? 1
		                        : 0,
		         shown, scale[i].suffix);
	return number;
}

static struct wr_number share(double value)
{
	struct wr_number number;
	double percent = 100 * value;

	snprintf(number.text, sizeof(number.text), "%.*f%%",
	         percent == rint(percent) ? 0
	         : fabs(percent) < 0.1    ? 4
	                                  : 2,
	         percent);
	return number;
}

struct wr_number wr_number(enum wr_unit unit, double value)
{
	switch (unit) {
	case WR_UNIT_TIME:
		return scaled(times, WR_LEN(times), value);
	case WR_UNIT_BITS:
		return scaled(bits, WR_LEN(bits), value);
	case WR_UNIT_SHARE:
		return share(value);
	default:
		return scaled(counts, WR_LEN(counts), value);
	}
}

struct wr_number wr_number_transfer(double bytes)
{
	return scaled(iperf_bytes, WR_LEN(iperf_bytes), bytes);
}

struct wr_number wr_number_bitrate(double bits_per_s)
{
	return scaled(iperf_bits, WR_LEN(iperf_bits), bits_per_s);
}

static const struct scale *read_scales(enum wr_unit unit)
{
	switch (unit) {
	case WR_UNIT_TIME:
		return read_times;
	case WR_UNIT_BITS:
		return read_bits;
	case WR_UNIT_SHARE:
		return read_shares;
	case WR_UNIT_RATE:
		return read_rates;
	default:
		return read_counts;
	}
}

bool wr_number_read(enum wr_unit unit, const char *text, double *value)
{
	const struct scale *scale = read_scales(unit);
	char *end;
	double n = strtod(text, &end);

	if (end == text || !isfinite(n))
		return false;
	while (*end == ' ')
		end++;
	if (!*end && n == 0) {
		*value = 0;
		return true;
	}
	for (; scale->suffix; scale++) {
		if (strcasecmp(scale->suffix, end) != 0)
			continue;
		*value = n * scale->factor;
		return true;
	}
	return false;
}

const char *wr_number_suffixes(enum wr_unit unit)
{
	switch (unit) {
	case WR_UNIT_TIME:
		return "ns, us, ms or s";
	case WR_UNIT_BITS:
		return "k, M or G (bit/s)";
	case WR_UNIT_SHARE:
		return "%";
	default:
		return "k, M or G";
	}
}

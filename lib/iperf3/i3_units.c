/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdio.h>

#include "i3_units.h"

#define LARGEST 4 /* tera */

/* How many times 1000 or 1024 are taken out. */
static unsigned choose(double number, char format, double step)
{
	static const char letters[] = "BKMGT";
	unsigned power = 0;

	for (unsigned i = 0; i <= LARGEST; i++)
		if (toupper((unsigned char)format) == letters[i])
			return i;
	while (number >= step && power < LARGEST) {
		number /= step;
		power++;
	}
	return power;
}

const char *i3_units(char *buf, size_t size, double bytes, char format)
{
	static const char *const bits[] = {"bits", "Kbits", "Mbits", "Gbits", "Tbits"};
	static const char *const octets[] = {"Bytes", "KBytes", "MBytes", "GBytes", "TBytes"};
	int are_bytes = isupper((unsigned char)format);
	double step = are_bytes ? 1024 : 1000, number = are_bytes ? bytes : bytes * 8;
	unsigned power = choose(number, format, step);
	int digits;

	for (unsigned i = 0; i < power; i++)
		number /= step;
	digits = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
	snprintf(buf, size, "%4.*f %s", digits, number,
	         are_bytes ? octets[power] : bits[power]);
	return buf;
}

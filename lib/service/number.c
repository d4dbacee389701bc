/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

static unsigned shift_of(char suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

bool service_read_bytes(const char *text, size_t len, uint64_t most, uint64_t *bytes)
{
	unsigned shift = len ? shift_of(text[len - 1]) : 0;
	uint64_t n = 0;

	if (shift)
		len--;
	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || n > most / 10)
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n > most >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading options: each takes what it wants from *at on; false: it is something else. */
#ifndef WR_LOAD_READER_H
#define WR_LOAD_READER_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool take(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n))
		return false;
	*at += n;
	return true;
}

static inline bool take_number(const char **at, double *number)
{
	char *end;

	if ((!(**at >= '0' && **at <= '9') && **at != '.') || (*at)[1] == 'x' ||
	    (*at)[1] == 'X')
		return false;
	*number = strtod(*at, &end);
	if (end == *at || !isfinite(*number))
		return false;
	*at = end;
	return true;
}

#endif /* WR_LOAD_READER_H */

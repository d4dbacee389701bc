/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stddef.h>

#include "wr_slug.h"

struct wr_slug wr_slug(const char *name)
{
	struct wr_slug slug = {0};

	for (size_t i = 0; name[i] && i < sizeof(slug.text) - 1; i++)
		slug.text[i] = isalnum((unsigned char)name[i])
		                       ? (char)tolower((unsigned char)name[i])
		                       : '_';
	return slug;
}

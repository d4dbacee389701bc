/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "wr_err.h"

/* Bytes of the UTF-8 sequence that text begins with, RFC 3629; 0: it is none. */
static unsigned sequence(const char *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)text;
	uint32_t code = p[0];
	unsigned n = 1;

	if (code < 0x80)
		return 1;
	while (n < 5 && code & 0x80u >> n)
		n++;
	if (n == 1 || n == 5)
		return 0;
	code &= 0x7fu >> n;
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code < least[n] || code > 0x10ffff || code >> 11 == 0x1b ? 0 : n;
}

/* What the user wrote may be anything, and may be cut; JSON takes only UTF-8. */
static void replace_bad_bytes(char *text)
{
	while (*text) {
		unsigned n = sequence(text);

		if (n == 0)
			*text = '?';
		text += n ? n : 1;
	}
}

int wr_err_set(struct wr_err *err, enum wr_exit exit, int rc, const char *fmt, ...)
{
	va_list args;

	err->exit = exit;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	replace_bad_bytes(err->text);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eal_args.h"

/*
 * Copies one word from *in to *out and ends it with a zero byte. Returns 0, or -EINVAL if
 * a quote is left open or the text ends with a backslash.
 */
static int copy_word(const char **in, char **out)
{
	const char *p = *in;
	char *to = *out;
	char quote = '\0';

	for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? '\0' : *p;
			continue;
		}
		if (*p == '\\' && quote != '\'') {
			if (!p[1])
				return -EINVAL;
			if (!quote || p[1] == '"' || p[1] == '\\')
				p++;
		}
		*to++ = *p;
	}
	if (quote)
		return -EINVAL;
	*to++ = '\0';
	*in = p;
	*out = to;
	return 0;
}

int wr_words_split(const char *text, char *buf, char **words, unsigned max)
{
	const char *p = text;
	unsigned n = 0;

	for (;;) {
		int rc;

		p += strspn(p, " \t\n");
		if (!*p)
			return (int)n;
		if (n == max)
			return -E2BIG;
		words[n++] = buf;
		rc = copy_word(&p, &buf);
		if (rc != 0)
			return rc;
	}
}

void wr_argv_add(struct wr_argv *args, const char *fmt, ...)
{
	char *word = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&word, fmt, ap);
	va_end(ap);
	if (n < 0 || args->argc == WR_ARGV_MAX) {
		if (n >= 0)
			free(word);
		args->failed = true;
		return;
	}
	args->argv[args->argc++] = word;
}

void wr_argv_free(struct wr_argv *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->argv[i]);
	memset(args, 0, sizeof(*args));
}

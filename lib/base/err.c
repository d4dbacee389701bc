/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "wr_err.h"

int wr_err_set(struct wr_err *err, enum wr_exit exit, int rc, const char *fmt, ...)
{
	va_list args;

	err->exit = exit;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return rc;
}

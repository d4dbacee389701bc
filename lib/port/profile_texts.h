/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PROFILE_TEXTS_H
#define WR_PROFILE_TEXTS_H

#include <stddef.h>

/* The files of drivers-config/ as they are; made at build time, ends with a NULL name. */
struct wr_profile_text {
	const char *name; /* file name without .ini */
	const char *text;
};

extern const struct wr_profile_text wr_profile_texts[];

#endif /* WR_PROFILE_TEXTS_H */

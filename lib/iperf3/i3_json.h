/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_JSON_H
#define I3_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "wr_err.h"

/*
 * Members of a document that a peer sent: each has a type and a range, and one sentence says
 * which was wrong. All return 0, or -EINVAL and *err; an optional member that is not there
 * leaves *out alone.
 */
struct i3_reader {
	const json_t *object;
	const char *what; /* "the client's parameters" */
	struct wr_err *err;
};

enum i3_need { I3_OPTIONAL, I3_MANDATORY };

int i3_read_integer(const struct i3_reader *from, const char *key, enum i3_need need,
                    int64_t least, int64_t most, int64_t *out);
/* A finite number, integer or not. */
int i3_read_number(const struct i3_reader *from, const char *key, enum i3_need need,
                   double *out);
/* true, false, or an integer as a truth value. */
int i3_read_flag(const struct i3_reader *from, const char *key, bool *out);
/* A string shorter than size; a longer one is cut. */
int i3_read_text(const struct i3_reader *from, const char *key, char *out, size_t size);

/*
 * Parses a document that must be an object. NULL and *err if it is not; `what` names it.
 */
json_t *i3_parse(const char *text, size_t bytes, const char *what, struct wr_err *err);

#endif /* I3_JSON_H */

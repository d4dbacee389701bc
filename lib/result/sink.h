/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_SINK_H
#define WR_RESULT_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "wr_err.h"

/*
 * A file that results go to. A whole document is written beside its place and moved there when
 * it is complete, so that there is never half of one; what grows is written in place. A pipe,
 * a device or standard output is written as it is.
 */
struct sink {
	const char *path; /* as the user wrote it; NULL: there is none */
	FILE *file;       /* NULL: not open */
	bool is_out;      /* standard output, not ours to close */
	bool moves;       /* from the part to the path */
	bool failed;      /* what was written is not whole; told already */
	char part[4096];
};

/* path: NULL is no sink, "-" is out. Returns 0, or a negative errno and *err. */
int sink_open_whole(struct sink *sink, const char *path, FILE *out, struct wr_err *err);
int sink_open_growing(struct sink *sink, const char *path, FILE *out, struct wr_err *err);

/* Gets what was written out of the buffer. What fails is told once, in one sentence, to log. */
void sink_flush(struct sink *sink, FILE *log);

/* Closes and moves into place. False: it could not be written whole, which log was told. */
bool sink_close(struct sink *sink, FILE *log);

/* Closes and leaves nothing new behind. */
void sink_drop(struct sink *sink);

#endif /* WR_RESULT_SINK_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_HTML_H
#define WR_HTML_H

#include <stdio.h>

#include <jansson.h>

#include "wr_err.h"

/*
 * One self-contained HTML page of results: plots in SVG, a table beneath each, and of several
 * documents the comparison. What a document says is never trusted.
 */
#define WR_HTML_DOCUMENTS 16 /* of a page, at most */
#define WR_HTML_RUNS      64 /* of a document, at most */

struct wr_html_input {
	const char *name; /* of the file; shown */
	json_t *document; /* as wr_html_read() gave it */
};

/*
 * Reads a document of `wringer load`; the caller owns the reference. NULL and *err, a sentence,
 * if it cannot be read, is no JSON, none of ours, or of a later version.
 */
json_t *wr_html_read(const char *path, struct wr_err *err);

/* Whether a document is of our kind: 0, or -EINVAL and *err. name: how to call it. */
int wr_html_check(const json_t *document, const char *name, struct wr_err *err);

/* Writes the page. Errors of the file are the caller's to find, by ferror(). */
void wr_html_write(FILE *out, const struct wr_html_input *inputs, unsigned n);

/* The same to a file. Returns 0 or a negative errno: then nothing is left of it. */
int wr_html_save(const char *path, const struct wr_html_input *inputs, unsigned n);

#endif /* WR_HTML_H */

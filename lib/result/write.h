/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_WRITE_H
#define WR_RESULT_WRITE_H

#include <stdio.h>

#include <jansson.h>

/* A document, one line a member, and one line an element of its lists of objects. */
void write_document(FILE *out, const json_t *document);

/* One event of a stream, on one line: {"event": name, "data": ...}. data is borrowed. */
void write_event(FILE *out, const char *name, json_t *data);

#endif /* WR_RESULT_WRITE_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SS_COLUMN_H
#define WR_SS_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "wr_tcp.h"

/*
 * A connection by columns: how struct wr_tcp_info crosses between processes and what
 * `wringer ss --json` calls its members.
 */
enum wr_ss_kind { WR_SS_NUMBER, WR_SS_STATE, WR_SS_LOCAL, WR_SS_PEER, WR_SS_WORD };

struct wr_ss_column {
	const char *name;
	const char *help; /* with the unit */
	enum wr_ss_kind kind;
	uint16_t offset, size; /* of a number or word in struct wr_tcp_info */
};

#define WR_SS_COLUMNS 40
extern const struct wr_ss_column wr_ss_column[WR_SS_COLUMNS];

/* A number's value. */
uint64_t wr_ss_number(const struct wr_ss_column *column, const struct wr_tcp_info *info);

/* Any column's value as text; returns its length. */
size_t wr_ss_text(char *text, size_t size, const struct wr_ss_column *column,
                  const struct wr_tcp_info *info);

/* Sets the column from JSON; words stay the JSON's. Returns 0 or -EINVAL. */
int wr_ss_set(const struct wr_ss_column *column, struct wr_tcp_info *info, const json_t *value);

/* A connection as an object. */
json_t *wr_ss_json(const struct wr_tcp_info *info);

#endif /* WR_SS_COLUMN_H */

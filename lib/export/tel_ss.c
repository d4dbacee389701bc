/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "tel.h"
#include "wr_ss.h"
#include "wr_ss_column.h"

#define HEAD_BYTES 256 /* the command's name, cursor, skip, count and the brackets */
#define WORD_BYTES 64  /* the longest value */

/* Bytes of JSON that a connection takes, commas and quotes included. */
static size_t row_bytes(const struct wr_tcp_info *info)
{
	char text[WORD_BYTES];
	size_t bytes = 0;

	for (unsigned i = 0; i < WR_SS_COLUMNS; i++)
		bytes += wr_ss_text(text, sizeof(text), &wr_ss_column[i], info) +
		         (wr_ss_column[i].kind == WR_SS_NUMBER ? 1 : 3);
	return bytes;
}

static size_t names_bytes(void)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < WR_SS_COLUMNS; i++)
		bytes += strlen(wr_ss_column[i].name) + strlen("\"\":[],");
	return bytes;
}

/* How many of the rows one reply holds. */
static unsigned rows_that_fit(const struct wr_tcp_info *info, unsigned rows)
{
	size_t bytes = HEAD_BYTES + names_bytes();
	unsigned fit = 0;

	while (fit < rows && (bytes += row_bytes(&info[fit])) < WR_TEL_BYTES)
		fit++;
	return fit;
}

static int add_column(struct rte_tel_data *d, const struct wr_ss_column *column,
                      const struct wr_tcp_info *info, unsigned rows)
{
	struct rte_tel_data *array = rte_tel_data_alloc();
	bool number = column->kind == WR_SS_NUMBER;
	char text[WORD_BYTES];

	if (!array)
		return -ENOMEM;
	rte_tel_data_start_array(array, number ? RTE_TEL_U64_VAL : RTE_TEL_STRING_VAL);
	for (unsigned i = 0; i < rows; i++) {
		if (number) {
			rte_tel_data_add_array_u64(array, wr_ss_number(column, &info[i]));
			continue;
		}
		wr_ss_text(text, sizeof(text), column, &info[i]);
		rte_tel_data_add_array_string(array, text);
	}
	if (rte_tel_data_add_dict_container(d, column->name, array, 0) == 0)
		return 0;
	rte_tel_data_free(array);
	return -ENOMEM;
}

unsigned wr_tel_ss_rows(struct rte_tel_data *d, const struct wr_tcp_info *info, unsigned rows)
{
	unsigned fit = rows_that_fit(info, rows);

	for (unsigned i = 0; i < WR_SS_COLUMNS; i++)
		if (add_column(d, &wr_ss_column[i], info, fit) < 0)
			return 0;
	return fit;
}

static const char *sentence(int rc)
{
	switch (rc) {
	case -ENODEV:
		return "there is no such core";
	case -ETIMEDOUT:
		return "the core did not answer within 2 s";
	case -ESHUTDOWN:
		return "the process is about to end";
	default:
		return "the parameters are not KEY=NUMBER,...";
	}
}

static int refuse(struct rte_tel_data *d, int rc)
{
	rte_tel_data_start_dict(d);
	return rte_tel_data_add_dict_string(d, "error", sentence(rc));
}

/*
 * Asks until a page has connections, there are none left, or so many parts of a thinly
 * populated table had none that the asker should hear of it. *at is the cursor of the page.
 */
static int page(struct wr_export *export, const struct wr_ss_query *query, uint32_t *at,
                uint32_t *next, struct wr_tcp_info *info, unsigned *rows)
{
	unsigned asks = 64;
	int rc;

	*next = query->cursor;
	*rows = 0;
	do {
		*at = *next;
		rc = wr_export_ask(export, query->core, &query->filter, query->every, next,
		                   info, rows);
	} while (rc == 0 && *rows == 0 && *next != UINT32_MAX && --asks);
	return rc;
}

int wr_tel_ss(struct rte_tel_data *d, struct wr_export *export, const char *params)
{
	struct wr_tcp_info info[WR_ASK_PAGE];
	unsigned rows = 0, skip = 0, shown;
	struct wr_ss_query query;
	uint32_t at = 0, next = 0;
	int rc = wr_ss_query_parse(&query, params);

	if (rc == 0)
		rc = page(export, &query, &at, &next, info, &rows);
	if (rc < 0)
		return refuse(d, rc);
	if (at == query.cursor)
		skip = wr_min(query.skip, rows);

	rte_tel_data_start_dict(d);
	shown = wr_tel_ss_rows(d, info + skip, rows - skip);
	if (skip + shown < rows) { /* the rest of this page is for the next reply */
		next = at;
		skip += shown;
	} else {
		skip = 0;
	}
	rte_tel_data_add_dict_u64(d, "core", query.core);
	rte_tel_data_add_dict_u64(d, "cursor", next);
	rte_tel_data_add_dict_u64(d, "skip", skip);
	rte_tel_data_add_dict_u64(d, "count", shown);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tel.h"
#include "wr_client.h"
#include "wr_ss_column.h"

#define TRIES 5 /* a new snapshot may come between two parts: once a second */

static int read_head(struct wr_client *client, struct wr_snapshot *out, struct wr_err *err)
{
	json_t *reply = wr_client_ask(client, "/wringer/snapshot", NULL, err);
	int rc;

	if (!reply)
		return -EIO;
	rc = wr_tel_head_read(out, reply);
	json_decref(reply);
	if (rc == 0)
		return 0;
	return wr_err_set(
		err, WR_EXIT_ENVIRONMENT, rc,
		"The running process is version %s of Wringer, whose numbers this program "
		"does not know; ask it with that version's program.",
		out->version);
}

/* Returns 0; -EAGAIN if it is of another snapshot than the head; or an error and *err. */
static int read_stats(struct wr_client *client, const char *part, uint64_t sequence,
                      struct wr_stats *out, struct wr_err *err)
{
	json_t *reply = wr_client_ask(client, "/wringer/snapshot", part, err);
	uint64_t theirs = 0;
	int rc;

	if (!reply)
		return -EIO;
	rc = wr_tel_stats_read(out, &theirs, reply);
	json_decref(reply);
	if (rc < 0)
		return wr_err_set(err, WR_EXIT_FAILED, rc,
		                  "The running process gave incomplete numbers (part %s).",
		                  part);
	return theirs == sequence ? 0 : -EAGAIN;
}

static int read_all(struct wr_client *client, struct wr_snapshot *out, struct wr_err *err)
{
	int rc = read_head(client, out, err);
	char part[16];

	if (rc == 0)
		rc = read_stats(client, "rate", out->sequence, &out->rate, err);
	for (unsigned i = 0; rc == 0 && i < out->cores; i++) {
		snprintf(part, sizeof(part), "%u", i);
		rc = read_stats(client, part, out->sequence, &out->core[i].stats, err);
	}
	return rc;
}

int wr_client_snapshot(struct wr_client *client, struct wr_snapshot *out, struct wr_err *err)
{
	int rc = -EAGAIN;

	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = read_all(client, out, err);
	if (rc == -EAGAIN)
		return wr_err_set(
			err, WR_EXIT_FAILED, rc,
			"The numbers changed too often to be read together; try again.");
	if (rc < 0)
		return rc;
	memset(&out->sum, 0, sizeof(out->sum));
	for (unsigned i = 0; i < out->cores; i++)
		wr_stats_sum(&out->sum, &out->core[i].stats);
	return 0;
}

static int read_row(struct wr_tcp_info *info, const json_t *reply, unsigned row)
{
	int rc = 0;

	memset(info, 0, sizeof(*info));
	for (unsigned i = 0; rc == 0 && i < WR_SS_COLUMNS; i++)
		rc = wr_ss_set(
			&wr_ss_column[i], info,
			json_array_get(json_object_get(reply, wr_ss_column[i].name), row));
	return rc;
}

static int read_page(struct wr_client_page *page, struct wr_ss_query *query)
{
	const json_t *cursor = json_object_get(page->reply, "cursor");
	const json_t *skip = json_object_get(page->reply, "skip");
	json_int_t count = json_integer_value(json_object_get(page->reply, "count"));
	int rc = 0;

	if (!json_is_integer(cursor) || !json_is_integer(skip) || count < 0 ||
	    count > WR_ASK_PAGE)
		return -EPROTO;
	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = read_row(&page->info[i], page->reply, i);
	page->count = (unsigned)count;
	query->cursor = (uint32_t)json_integer_value(cursor);
	query->skip = (uint32_t)json_integer_value(skip);
	return rc;
}

int wr_client_connections(struct wr_client *client, struct wr_ss_query *query,
                          struct wr_client_page *page, struct wr_err *err)
{
	const char *error;
	char params[512];
	int rc;

	wr_ss_query_format(params, sizeof(params), query);
	page->reply = wr_client_ask(client, "/wringer/ss", params, err);
	if (!page->reply)
		return -EIO;
	error = json_string_value(json_object_get(page->reply, "error"));
	if (error)
		rc = wr_err_set(err, WR_EXIT_ENVIRONMENT, -EIO, "Core %u: %s.", query->core,
		                error);
	else if ((rc = read_page(page, query)) < 0)
		wr_err_set(
			err, WR_EXIT_FAILED, rc,
			"The running process lists its connections in a form that this program "
			"does not know; it is of another version.");
	if (rc < 0)
		wr_client_page_release(page);
	return rc;
}

void wr_client_page_release(struct wr_client_page *page)
{
	json_decref(page->reply);
	page->reply = NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cc.h"

const struct wr_cc_ops *const wr_cc_all[] = {
	&wr_cc_cubic_ops, &wr_cc_reno_ops,  &wr_cc_dctcp_ops,
	&wr_cc_bbr_ops,   &wr_cc_fixed_ops, NULL,
};

static const struct wr_cc_ops *find(const char *name, size_t len)
{
	for (unsigned i = 0; wr_cc_all[i]; i++)
		if (strlen(wr_cc_all[i]->name) == len &&
		    strncmp(wr_cc_all[i]->name, name, len) == 0)
			return wr_cc_all[i];
	return NULL;
}

bool wr_cc_read(const char *text, struct wr_cc_choice *choice)
{
	size_t len = strcspn(text, ":");
	const struct wr_cc_ops *ops = find(text, len);
	unsigned long segments;
	char *end;

	if (!ops)
		return false;
	*choice = (struct wr_cc_choice) {ops, ops->segments};
	if (text[len] == '\0')
		return true;
	if (!ops->segments || !isdigit((unsigned char)text[len + 1]))
		return false;
	segments = strtoul(text + len + 1, &end, 10);
	choice->segments = (uint32_t)segments;
	return *end == '\0' && segments >= 1 && segments <= UINT16_MAX;
}

int wr_cc_write(const struct wr_cc_choice *choice, char *buf, size_t size)
{
	if (!choice->ops)
		return snprintf(buf, size, "%s", "");
	if (!choice->segments)
		return snprintf(buf, size, "%s", choice->ops->name);
	return snprintf(buf, size, "%s:%u", choice->ops->name, choice->segments);
}

static uint8_t index_of(const struct wr_cc_ops *ops)
{
	uint8_t i = 0;

	while (wr_cc_all[i] != ops)
		i++;
	return i;
}

void wr_cc_start(struct wr_cc *cc, const struct wr_cc_choice *choice,
                 const struct wr_cc_start *start)
{
	struct wr_cc_start with = *start;

	with.segments = choice->segments;
	cc->algorithm = index_of(choice->ops);
	cc->every_ack = choice->ops->every_ack;
	cc->cwnd = start->iw;
	cc->ssthresh = UINT32_MAX;
	if (choice->ops->model)
		memcpy(cc->model, &start->model, sizeof(cc->model));
	choice->ops->init(cc, &with);
}

uint32_t wr_cc_initial_window(uint32_t smss, uint32_t segments)
{
	return wr_min(segments * smss, wr_max(2 * smss, segments * 1460));
}

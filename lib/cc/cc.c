/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wr_base.h"
#include "wr_cc.h"

const struct wr_cc_ops *const wr_cc_all[] = {
	&wr_cc_reno_ops,
	NULL,
};

const struct wr_cc_ops *wr_cc_find(const char *name)
{
	for (unsigned i = 0; wr_cc_all[i]; i++)
		if (strcmp(wr_cc_all[i]->name, name) == 0)
			return wr_cc_all[i];
	return NULL;
}

uint8_t wr_cc_index(const struct wr_cc_ops *ops)
{
	uint8_t i = 0;

	while (wr_cc_all[i] != ops)
		i++;
	return i;
}

uint32_t wr_cc_initial_window(uint32_t smss, uint32_t segments)
{
	return wr_min(segments * smss, wr_max(2 * smss, segments * 1460));
}

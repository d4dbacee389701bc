/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wr_service.h"

const struct wr_service *const wr_service_all[] = {
	&wr_service_echo,
	&wr_service_discard,
	&wr_service_chargen,
	NULL,
};

const struct wr_service *wr_service_find(const char *name)
{
	for (unsigned i = 0; wr_service_all[i]; i++) {
		if (!strcmp(wr_service_all[i]->name, name))
			return wr_service_all[i];
	}
	return NULL;
}

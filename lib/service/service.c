/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wr_service.h"

/* clang-format off */
const struct wr_service *const wr_service_all[] = {
	&wr_service_echo,
	&wr_service_discard,
	&wr_service_chargen,
	&wr_service_http,
	&wr_service_message,
	&wr_service_chat,
	&wr_service_rr,
	&wr_service_sink,
	&wr_service_source,
	&wr_service_match,
	NULL,
};
/* clang-format on */

const struct wr_service *wr_service_find(const char *name)
{
	for (unsigned i = 0; wr_service_all[i]; i++) {
		if (!strcmp(wr_service_all[i]->name, name))
			return wr_service_all[i];
	}
	return NULL;
}

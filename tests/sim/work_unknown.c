/* SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

uint64_t sim_work(void)
{
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PROFILE_H
#define WR_PROFILE_H

#include "wr_err.h"
#include "wr_port.h"

/*
 * The profile of a DPDK driver ("net_tap"): the defaults, over them the built-in file that
 * names the driver, over that the keys of `file` if it is not NULL. Returns 0, or a negative
 * errno and a sentence that begins with "FILE: [section] key:".
 */
int wr_profile_load(struct wr_profile *profile, const char *driver, const char *file,
                    struct wr_err *err);

#endif /* WR_PROFILE_H */

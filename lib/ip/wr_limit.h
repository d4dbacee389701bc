/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_LIMIT_H
#define WR_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_prng.h"

/*
 * Limits how often strangers are answered: resets for no connection, ICMP errors.
 *
 * A count that all share tells everyone what the others were sent: with forged sources an
 * attacker beside the path learns whether a connection exists (CVE-2016-5696) or which port is
 * open (CVE-2020-25705). So hosts are divided into groups, by a keyed hash that changes, and
 * each group has its own bucket, with a part of the rate: what a host sees depends on its group
 * alone. The bucket of all, which several groups together can empty, gives for a random price.
 */

#define WR_LIMIT_GROUPS 256
#define WR_LIMIT_PART   4 /* a group has this part of the rate */

struct wr_limit {
	uint32_t key; /* odd */
	uint64_t rekey_ns;
	/* Buckets in units of time: when each is full again. */
	uint64_t all_ns;
	uint64_t group_ns[WR_LIMIT_GROUPS];
};

/* prng is borrowed for the call. */
void wr_limit_init(struct wr_limit *limit, struct wr_prng *prng);

/*
 * May a host be answered once more? addr is in host order. No second, wherever it begins, sees
 * more than per_s answers, nor a group more than its part, one a second at least; 0: none.
 */
bool wr_limit_allows(struct wr_limit *limit, uint32_t per_s, uint32_t addr, uint64_t now_us,
                     struct wr_prng *prng);

#endif /* WR_LIMIT_H */

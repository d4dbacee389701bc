/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy from the command line: "rto_min_us=200000,sack=0"; names are those of the engine. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill.h"

#define KEY(name, field)                                                                       \
	{                                                                                      \
		name, offsetof(struct drill, field), sizeof(((struct drill *)0)->field)        \
	}
#define TCP(field)    KEY(#field, conf.tcp.field)
#define OPTION(field) KEY(#field, options.field)

static const struct {
	const char *name;
	size_t offset, size;
} key[] = {
	/* clang-format off */
	TCP(rcv_buf), TCP(snd_buf), TCP(timestamps), TCP(sack), TCP(wscale), TCP(ecn),
	TCP(mss), TCP(iw_segments), TCP(ss_burst), TCP(grow_by_news), TCP(grow_half),
	TCP(idle_restart), TCP(rack), TCP(tlp), TCP(tlp_recovery), TCP(prr), TCP(frto), TCP(dsack),
	TCP(pacing), TCP(delack_us), TCP(quick_acks), TCP(prompt_acks), TCP(delack_fin),
	TCP(rto_initial_us), TCP(rto_min_us), TCP(rto_max_us), TCP(rto_slack_us),
	TCP(r2_us), TCP(r2_syn_us), TCP(synack_retries), TCP(time_wait_us),
	TCP(fin_wait2_us), TCP(challenges_per_s), TCP(rsts_per_s), TCP(ts_required),
	TCP(option_order), TCP(wscale_offer), TCP(push_bursts), TCP(first_window),
	TCP(has_isn), TCP(isn), TCP(has_ts_offset), TCP(ts_offset), OPTION(nodelay),
	OPTION(user_timeout_ms),
	/* clang-format on */
};

static void set(struct drill *d, const char *name, const char *value)
{
	uint64_t n = strtoull(value, NULL, 0);

	for (size_t i = 0; i < WR_LEN(key); i++) {
		if (strcmp(name, key[i].name) == 0) {
			memcpy((char *)d + key[i].offset, &n, key[i].size);
			return;
		}
	}
	if (strcmp(name, "cc") == 0 && wr_cc_read(value, &d->conf.tcp.cc))
		return;
	fprintf(stderr, "packetdrill: there is no flag %s=%s\n", name, value);
	exit(EXIT_FAILURE);
}

void drill_read_flags(struct drill *d, const char *flags)
{
	char *copy = strdup(flags ? flags : ""), *rest = copy, *one;

	while ((one = strtok_r(rest, ", ", &rest)) != NULL) {
		char *value = strchr(one, '=');

		if (value)
			*value++ = '\0';
		set(d, one, value ? value : "1");
	}
	free(copy);
}

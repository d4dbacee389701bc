/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The small languages of options: sizes, schedules, requirements, impairments. What is read and
 * written again reads the same. Input: one byte that says which, then the text.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wr_impair.h"
#include "wr_plan.h"
#include "wr_require.h"
#include "wr_sizes.h"

#define LIMIT 65536

static void sizes(const char *text)
{
	struct wr_sizes sizes, again;
	struct wr_prng prng;
	char a[1024], b[1024];

	if (wr_sizes_parse(text, LIMIT, &sizes) != 0)
		return;
	FUZZ_HOLDS(sizes.least <= sizes.most && sizes.most <= LIMIT);
	wr_prng_seed(&prng, 1);
	for (unsigned i = 0; i < 64; i++) {
		uint32_t drawn = wr_sizes_draw(&sizes, &prng);

		FUZZ_HOLDS(drawn >= sizes.least && drawn <= sizes.most);
	}
	wr_sizes_format(&sizes, a, sizeof(a));
	FUZZ_HOLDS(wr_sizes_parse(a, LIMIT, &again) == 0);
	wr_sizes_format(&again, b, sizeof(b));
	FUZZ_HOLDS(strcmp(a, b) == 0);
}

static void schedule(const char *text)
{
	struct wr_schedule schedule = {0}, again = {0};
	char a[1024], b[1024];

	if (wr_schedule_parse(text, &schedule) != 0)
		return;
	for (uint64_t ns = 0; ns < UINT64_C(100000000000); ns += UINT64_C(9999999999))
		FUZZ_HOLDS(wr_schedule_factor(&schedule, ns) >= 0);
	wr_schedule_format(&schedule, a, sizeof(a));
	FUZZ_HOLDS(wr_schedule_parse(a, &again) == 0);
	wr_schedule_format(&again, b, sizeof(b));
	FUZZ_HOLDS(strcmp(a, b) == 0);
}

static void require(const char *text)
{
	struct wr_require require, again;
	struct wr_err err;

	if (wr_require_parse(text, &require, &err) != 0) {
		FUZZ_HOLDS(err.text[0] != '\0');
		return;
	}
	FUZZ_HOLDS(wr_require_parse(require.text, &again, &err) == 0);
	FUZZ_HOLDS(require.value == again.value && require.op == again.op);
	FUZZ_HOLDS(strcmp(require.metric, again.metric) == 0);
}

static void impair(const char *text)
{
	struct wr_impair_conf conf;
	struct wr_err err;

	if (wr_impair_parse(text, &conf, &err) != 0) {
		FUZZ_HOLDS(err.text[0] != '\0');
		return;
	}
	FUZZ_HOLDS(conf.loss <= WR_IMPAIR_ALL && conf.duplicate <= WR_IMPAIR_ALL);
	FUZZ_HOLDS(conf.corrupt <= WR_IMPAIR_ALL && conf.mark <= WR_IMPAIR_ALL);
	FUZZ_HOLDS(conf.reorder <= WR_IMPAIR_ALL && conf.hold_ns <= WR_IMPAIR_TIME_MAX);
	FUZZ_HOLDS(conf.delay_ns <= WR_IMPAIR_TIME_MAX && conf.rate_bps <= WR_IMPAIR_RATE_MAX);
	FUZZ_HOLDS(conf.jitter_ns <= conf.delay_ns && conf.queue_bytes <= WR_IMPAIR_QUEUE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const language[])(const char *) = {sizes, schedule, require, impair};
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(bytes + 1, size - 1);
	language[bytes[0] % 4](text);
	free(text);
	return 0;
}

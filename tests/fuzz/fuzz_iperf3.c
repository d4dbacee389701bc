/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The JSON that an iperf3 peer sends: parameters (first byte even) or results. What was read
 * and written again reads the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "i3_params.h"
#include "i3_results.h"

static void params(const char *text, size_t size)
{
	struct i3_params p = {0}, again = {0};
	struct wr_err err;
	char *a, *b;

	if (i3_params_parse(&p, text, size, &err) != 0)
		return;
	FUZZ_HOLDS(p.parallel >= 1 && i3_params_streams(&p) <= I3_STREAMS);
	a = i3_params_print(&p);
	FUZZ_HOLDS(a && i3_params_parse(&again, a, strlen(a), &err) == 0);
	b = i3_params_print(&again);
	FUZZ_HOLDS(b && strcmp(a, b) == 0);
	free(a);
	free(b);
}

static void results(const char *text, size_t size)
{
	struct i3_results r = {0}, again = {0};
	struct wr_err err;
	char *a;

	if (i3_results_parse(&r, text, size, &err) != 0) {
		i3_results_fini(&r);
		return;
	}
	FUZZ_HOLDS(r.streams <= I3_STREAMS);
	a = i3_results_print(&r);
	FUZZ_HOLDS(a && i3_results_parse(&again, a, strlen(a), &err) == 0);
	FUZZ_HOLDS(again.streams == r.streams);
	free(a);
	i3_results_fini(&r);
	i3_results_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(bytes + 1, size - 1);
	(bytes[0] & 1 ? results : params)(text, size - 1);
	free(text);
	return 0;
}

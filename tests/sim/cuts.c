/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cuts.h"
#include "labels.h"

#define HALVINGS_MOST 20
#define RUNS_MOST     500
#define SECONDS_MOST  60 /* of CPU time */
#define CALM_FIELDS   3  /* of one cut, at most */

/* ---- what can be cut: members that then are as in a calm plan ---- */

struct cut {
	const char *name;
	struct {
		size_t at, size;
	} member[CALM_FIELDS];
};

#define MEMBER(type, name)                                                                     \
	{                                                                                      \
		offsetof(struct type, name), sizeof(((struct type *)0)->name)                  \
	}
#define PATH(name) MEMBER(sim_path_plan, name)
#define HOST(name) MEMBER(sim_host_plan, name)

static const struct cut path_cuts[] = {
	{"loss", {PATH(loss_ppm)}},
	{"every", {PATH(every)}},
	{"bursts", {PATH(burst_ppm)}},
	{"duplicate", {PATH(duplicate_ppm)}},
	{"reorder", {PATH(reorder_ppm)}},
	{"jitter", {PATH(jitter_ns)}},
	{"stale", {PATH(stale_ppm)}},
	{"corrupt", {PATH(corrupt_ppm)}},
	{"down", {PATH(down)}},
	{"rule0", {PATH(rule[0])}},
	{"rule1", {PATH(rule[1])}},
	{"rule2", {PATH(rule[2])}},
	{"aqm", {PATH(aqm)}},
	{"mtu", {PATH(mtu)}},
	{"queue", {PATH(queue_bytes)}},
	{"line", {PATH(rate_bps), PATH(delay_ns)}},
};

static const struct cut host_cuts[] = {
	{"cores", {HOST(cores), HOST(steer_badly)}},
	{"late", {HOST(late_ns)}},
	{"hold", {HOST(hold_ns)}},
	{"slots", {HOST(tx_slots)}},
	{"refuse", {HOST(refuse_ppm)}},
	{"full", {HOST(tx_full)}},
	{"starved", {HOST(starved)}},
	{"fail", {HOST(fail_ppm)}},
	{"poll", {HOST(poll_ppm)}},
	{"jump", {HOST(jump_ns)}},
	{"burst", {HOST(burst)}},
	{"access", {HOST(access_ns)}},
	{"mtu", {HOST(mtu), HOST(held_bufs)}},
	{"buffers", {HOST(rcv_buf), HOST(snd_buf)}},
	{"growth", {HOST(rcv_buf_max), HOST(snd_buf_max)}},
	{"rack", {HOST(rack)}},
	{"tlp", {HOST(tlp)}},
	{"prr", {HOST(prr)}},
	{"frto", {HOST(frto)}},
	{"dsack", {HOST(dsack)}},
	{"probing", {HOST(mtu_probing)}},
	{"order", {HOST(ooo_bytes), HOST(ooo_pieces)}},
	{"timestamps", {HOST(timestamps)}},
	{"sack", {HOST(sack)}},
	{"wscale", {HOST(wscale)}},
	{"delack", {HOST(delack_us)}},
	{"ecn", {HOST(ecn)}},
	{"pacing", {HOST(pacing)}},
	{"cc", {HOST(cc)}},
	{"knobs", {HOST(knobs)}},
};

static void take_over(const struct cut *cut, void *to, const void *from)
{
	for (unsigned i = 0; i < CALM_FIELDS; i++)
		memcpy((char *)to + cut->member[i].at, (const char *)from + cut->member[i].at,
		       cut->member[i].size);
}

void sim_cuts_apply(const struct sim_cuts *cuts, struct sim_plan *plan)
{
	struct sim_plan calm;

	sim_plan_calm(&calm, plan->seed);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		for (unsigned k = 0; k < WR_LEN(path_cuts); k++)
			if (cuts->path[i] >> k & 1)
				take_over(&path_cuts[k], &plan->path[i], &calm.path[i]);
	for (unsigned i = 0; i < SIM_HOSTS; i++) {
		bool probes = plan->host[i].mtu_probing != WR_TCP_MTU_PROBING_OFF;

		for (unsigned k = 0; k < WR_LEN(host_cuts); k++)
			if (cuts->host[i] >> k & 1)
				take_over(&host_cuts[k], &plan->host[i], &calm.host[i]);
		/* Nobody gets out of a black hole without, so it would be another failure. */
		if (probes && plan->host[i].mtu_probing == WR_TCP_MTU_PROBING_OFF)
			plan->path[i % SIM_SIDES].blackhole = false;
	}
	for (unsigned i = 0; i < plan->flows; i++) {
		plan->flow[i].off |= cuts->flows >> i & 1;
		for (unsigned side = 0; side < SIM_SIDES; side++) {
			struct sim_end_plan *end = &plan->flow[i].end[side];
			uint32_t least = end->turn ? end->turn : 1;

			if (end->text)
				end->text = wr_max(end->text >> cuts->halvings, least);
			if (end->turn)
				end->text -= end->text % end->turn;
		}
	}
	plan->kept = cuts->kept;
}

/* ---- as text ---- */

static bool read_faults(struct sim_kept *kept, const char *text)
{
	char *end;

	kept->only = true;
	while (*text && kept->count < SIM_KEPT) {
		unsigned i = kept->count++;

		kept->range[i].first = kept->range[i].last = (uint32_t)strtoul(text, &end, 10);
		if (end == text)
			return false;
		if (*end == '-')
			kept->range[i].last = (uint32_t)strtoul(end + 1, &end, 10);
		text = *end == '+' ? end + 1 : end;
		if (*end && *end != '+')
			return false;
	}
	return true;
}

static bool read_name(uint32_t *bits, const struct cut *cuts, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(name, cuts[i].name))
			continue;
		*bits |= 1u << i;
		return true;
	}
	return false;
}

static bool read_word(struct sim_cuts *cuts, const char *word)
{
	unsigned number;
	int used = 0;

	if (sscanf(word, "flow%u%n", &number, &used) == 1 && number < SIM_FLOWS &&
	    !word[used]) {
		cuts->flows |= 1u << number;
		return true;
	}
	if (sscanf(word, "path%u.%n", &number, &used) == 1 && number < SIM_SIDES)
		return read_name(&cuts->path[number], path_cuts, WR_LEN(path_cuts),
		                 word + used);
	if (sscanf(word, "host%u.%n", &number, &used) == 1 && number < SIM_HOSTS)
		return read_name(&cuts->host[number], host_cuts, WR_LEN(host_cuts),
		                 word + used);
	if (sscanf(word, "text/%u%n", &number, &used) == 1 && number && !word[used]) {
		for (cuts->halvings = 0; number > 1; number /= 2)
			cuts->halvings++;
		return true;
	}
	return strncmp(word, "faults=", 7) == 0 && read_faults(&cuts->kept, word + 7);
}

bool sim_cuts_read(struct sim_cuts *cuts, const char *text)
{
	char copy[SIM_CUTS_TEXT], *rest = NULL;

	memset(cuts, 0, sizeof(*cuts));
	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		if (!read_word(cuts, word))
			return false;
	return true;
}

static void write_names(FILE *out, const char *what, unsigned number, uint32_t bits,
                        const struct cut *cuts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (bits >> i & 1)
			fprintf(out, "%s%u.%s,", what, number, cuts[i].name);
}

void sim_cuts_write(const struct sim_cuts *cuts, char text[SIM_CUTS_TEXT])
{
	FILE *out = fmemopen(text, SIM_CUTS_TEXT, "w");
	size_t end;

	if (!out)
		abort();
	for (unsigned i = 0; i < SIM_FLOWS; i++)
		if (cuts->flows >> i & 1)
			fprintf(out, "flow%u,", i);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		write_names(out, "path", i, cuts->path[i], path_cuts, WR_LEN(path_cuts));
	for (unsigned i = 0; i < SIM_HOSTS; i++)
		write_names(out, "host", i, cuts->host[i], host_cuts, WR_LEN(host_cuts));
	if (cuts->halvings)
		fprintf(out, "text/%u,", 1u << cuts->halvings);
	if (cuts->kept.only)
		fputs("faults=", out);
	for (unsigned i = 0; i < cuts->kept.count; i++) {
		uint32_t first = cuts->kept.range[i].first, last = cuts->kept.range[i].last;

		fprintf(out, first == last ? "%s%u" : "%s%u-%u", i ? "+" : "", first, last);
	}
	fclose(out);
	end = strlen(text);
	if (end && text[end - 1] == ',')
		text[end - 1] = 0;
}

/* ---- shortening ---- */

struct search {
	struct sim_world *world;
	const struct sim_plan *whole;
	struct sim_cuts *best;
	struct sim_result *result; /* of the best */
	bool labels;               /* only together with another one does a run fail */
	unsigned runs;
	clock_t until;
};

/* The sentence without its numbers. */
static size_t sentence(const char *why)
{
	return strcspn(why, ":0123456789");
}

/* Does it fail for the same reason with these cuts? Then they are the best so far. */
static bool still_fails(struct search *search, const struct sim_cuts *cuts)
{
	struct sim_plan plan = *search->whole;
	struct sim_result result;
	size_t n = sentence(search->result->why);

	if (search->runs >= RUNS_MOST || clock() > search->until)
		return false;
	search->runs++;
	sim_cuts_apply(cuts, &plan);
	if (search->labels)
		sim_run_thrice(search->world, &plan, &result);
	else
		sim_run(search->world, &plan, NULL, NULL, &result);
	if (result.ok || sentence(result.why) != n ||
	    memcmp(result.why, search->result->why, n))
		return false;
	*search->best = *cuts;
	*search->result = result;
	return true;
}

/* Sets one bit after the other. */
static void cut_bits(struct search *search, uint32_t *of_best, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		struct sim_cuts cuts = *search->best;
		uint32_t *of_cuts =
			(uint32_t *)((char *)&cuts + ((char *)of_best - (char *)search->best));

		if (*of_cuts >> i & 1)
			continue;
		*of_cuts |= 1u << i;
		still_fails(search, &cuts);
	}
}

static void cut_text(struct search *search)
{
	struct sim_cuts cuts = *search->best;

	while (cuts.halvings++ < HALVINGS_MOST && still_fails(search, &cuts))
		;
}

/* Takes [first, last] out; false: that makes too many ranges. */
static bool leave_out(struct sim_kept *kept, uint32_t first, uint32_t last)
{
	struct sim_kept out = {.only = true};

	for (unsigned i = 0; i < kept->count; i++) {
		uint32_t low = kept->range[i].first, high = kept->range[i].last;

		if (out.count + 2 > SIM_KEPT)
			return false;
		if (low < first) {
			out.range[out.count].first = low;
			out.range[out.count++].last = wr_min(high, first - 1);
		}
		if (high > last) {
			out.range[out.count].first = wr_max(low, last + 1);
			out.range[out.count++].last = high;
		}
	}
	*kept = out;
	return true;
}

/* Ever smaller stretches of faults that chance brings. */
static void cut_faults(struct search *search)
{
	uint32_t faults = search->result->faults;
	struct sim_cuts cuts = *search->best;

	cuts.kept = (struct sim_kept) {.only = true, .count = faults > 0};
	cuts.kept.range[0].first = 1;
	cuts.kept.range[0].last = faults;
	if (!still_fails(search, &cuts))
		return;
	for (uint32_t n = faults; n; n /= 2) {
		for (uint32_t first = 1; first <= faults; first += n) {
			cuts = *search->best;
			if (leave_out(&cuts.kept, first, first + n - 1) &&
			    memcmp(&cuts.kept, &search->best->kept, sizeof(cuts.kept)))
				still_fails(search, &cuts);
		}
	}
}

unsigned sim_shorten(struct sim_world *world, const struct sim_plan *plan,
                     struct sim_cuts *cuts, struct sim_result *result)
{
	struct search search = {
		.world = world,
		.whole = plan,
		.best = cuts,
		.result = result,
		.labels = sim_labels_failed(result),
		.until = clock() + SECONDS_MOST * CLOCKS_PER_SEC,
	};

	cut_bits(&search, &cuts->flows, plan->flows);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		cut_bits(&search, &cuts->path[i], WR_LEN(path_cuts));
	for (unsigned i = 0; i < plan->hosts; i++)
		cut_bits(&search, &cuts->host[i], WR_LEN(host_cuts));
	cut_text(&search);
	cut_faults(&search);
	return search.runs;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "labels.h"
#include "wr_flow.h"
#include "wr_siphash.h"

/* ---- what RFC 6528 and RFC 7323 section 5.4 add to the clock ---- */

/* Must be what tcp_isn() makes of the engine's key: the ISN's part, and above it TSval's. */
static uint64_t secret_of(const struct sim_host_plan *host, const struct wr_tuple *t)
{
	const struct wr_sipkey key = {host->key[0], host->key[1]};
	const struct wr_sipkey tuples = {wr_siphash24(&key, 2, 0), wr_siphash24(&key, 2, 1)};

	return wr_siphash24(&tuples, (uint64_t)t->laddr << 32 | t->raddr,
	                    (uint64_t)t->lport << 16 | t->rport);
}

/* A flow as its host on that side sees it. */
static struct wr_tuple tuple_of(const struct sim_plan *plan, const struct sim_flow_plan *flow,
                                unsigned side)
{
	return (struct wr_tuple) {
		.laddr = plan->host[flow->host[side]].addr,
		.raddr = plan->host[flow->host[!side]].addr,
		.lport = side ? flow->rport : flow->lport,
		.rport = side ? flow->lport : flow->rport,
	};
}

/* ---- numbers near their wrap ---- */

#define ISN_STEPS   16 /* a microsecond */
#define PROBE_BYTES 60 /* of an ARP packet or a SYN on the wire, about */
#define CLOCK_LEAST (UINT64_C(1) << 34)
#define MS_LAP      ((UINT64_C(1) << 32) * 1000)

/* How long a small frame needs, us. */
static uint64_t trip_us(const struct sim_plan *plan, unsigned from, unsigned to)
{
	const struct sim_path_plan *path = &plan->path[from % SIM_SIDES];

	return (path->delay_ns + plan->host[from].access_ns + plan->host[to].access_ns) / 1000 +
	       PROBE_BYTES * 8ull * 1000000 / path->rate_bps;
}

/* When a side chooses its first number: the left as it connects, the right as the SYN comes. */
static uint64_t chosen_us(const struct sim_plan *plan, const struct sim_flow_plan *flow,
                          unsigned side)
{
	uint64_t at = flow->start_ns / 1000;
	unsigned left = flow->host[0], right = flow->host[1];

	if (side == 0 || flow->simultaneous)
		return at;
	return at + 2 * trip_us(plan, left, right) + trip_us(plan, right, left);
}

void sim_plan_near_wrap(struct sim_plan *plan, uint32_t wrap, uint32_t before)
{
	const struct sim_flow_plan *flow = &plan->flow[0];

	for (unsigned side = 0; side < SIM_SIDES; side++) {
		const struct wr_tuple tuple = tuple_of(plan, flow, side);
		struct sim_host_plan *host = &plan->host[flow->host[side]];
		uint32_t clock = wrap - before - (uint32_t)secret_of(host, &tuple);

		while (clock % ISN_STEPS) {
			host->key[0]++;
			clock = wrap - before - (uint32_t)secret_of(host, &tuple);
		}
		host->clock_us = CLOCK_LEAST + clock / ISN_STEPS - chosen_us(plan, flow, side);
	}
}

void sim_plan_near_stamp(struct sim_plan *plan, uint32_t wrap, uint32_t before)
{
	const struct sim_flow_plan *flow = &plan->flow[0];

	for (unsigned side = 0; side < SIM_SIDES; side++) {
		const struct wr_tuple tuple = tuple_of(plan, flow, side);
		struct sim_host_plan *host = &plan->host[flow->host[side]];
		uint32_t offset = (uint32_t)(secret_of(host, &tuple) >> 32);

		host->clock_us = MS_LAP + (wrap - before - offset) * UINT64_C(1000) -
		                 chosen_us(plan, flow, side);
	}
}

/* ---- exchanging ---- */

#define NETWORKS   512 /* 198.18.0.0/15, in parts of 24 bits */
#define FIRST_PORT 1024
/*
 * A clock begins later by a multiple of this, us: so long that the phases of all that is
 * counted from its origin stay as they were, the levels of the timing wheel (2^31 us),
 * milliseconds, the minutes of the secrets of SYN cookies. Odd multiples change what 32 bits of
 * microseconds show.
 */
#define CLOCK_LAP  ((UINT64_C(1) << 31) * 234375)
#define CLOCK_LAPS 16 /* at most: nanoseconds stay below 2^63 */

#define GROWTH_STEP (1u << 20) /* of RCV.NXT: more than any rcv_buf */
#define NEAR_BYTES  20000

struct exchange {
	const struct sim_plan *plan;
	const struct sim_result *ran;
	struct sim_plan *out;
	struct wr_prng prng;
	struct wr_owner owner; /* of hosts with SIM_CORES cores */
};

static uint16_t any_port(struct exchange *x)
{
	return (uint16_t)(FIRST_PORT + wr_prng_below(&x->prng, UINT16_MAX + 1 - FIRST_PORT));
}

static bool is_taken(const struct exchange *x, unsigned flows, uint16_t port)
{
	for (unsigned i = 0; i < flows; i++)
		if (x->out->flow[i].rport == port || x->out->flow[i].lport == port)
			return true;
	for (unsigned i = 0; i < x->out->hosts; i++)
		if (x->out->host[i].echo_port == port)
			return true;
	return false;
}

/* One that nobody else has, on any host: whose port it is must not matter. */
static uint16_t new_port(struct exchange *x, unsigned flows)
{
	uint16_t port = any_port(x);

	while (is_taken(x, flows, port))
		port = any_port(x);
	return port;
}

/* Just before 2^31, 2^32, or anywhere; the low bits stay. */
static uint32_t other_isn(struct exchange *x, uint32_t isn)
{
	uint32_t anywhere = (uint32_t)wr_prng_u64(&x->prng);
	const uint32_t high[] = {(1u << 31) - 1, UINT32_MAX, anywhere};

	return (high[wr_prng_below(&x->prng, 3)] & ~(GROWTH_STEP - 1)) |
	       (isn & (GROWTH_STEP - 1));
}

/* BBR probes when the bits of its clock say so. */
static bool has_model(const struct sim_plan *plan, unsigned host)
{
	bool any = plan->host[host].cc.ops->model;

	for (unsigned i = 0; i < plan->flows; i++)
		any |= plan->flow[i].cc.ops && plan->flow[i].cc.ops->model;
	return any;
}

static void exchange_hosts(struct exchange *x)
{
	uint32_t network = 0xc6120000 | wr_prng_below(&x->prng, NETWORKS) << 8;
	uint32_t last = wr_prng_below(&x->prng, 60);

	for (unsigned i = 0; i < SIM_HOSTS; i++) {
		struct sim_host_plan *host = &x->out->host[i];

		last += 1 + wr_prng_below(&x->prng, 48);
		host->addr = network | last;
		for (unsigned k = 1; k < SIM_MAC; k++)
			host->mac[k] = (uint8_t)wr_prng_below(&x->prng, 256);
		host->echo_port = new_port(x, 0);
		if (!has_model(x->plan, i))
			host->clock_us += (1 + wr_prng_below(&x->prng, CLOCK_LAPS)) * CLOCK_LAP;
		host->key[0] = wr_prng_u64(&x->prng);
		host->key[1] = wr_prng_u64(&x->prng);
		host->isn = other_isn(x, host->isn);
	}
}

static uint32_t core_of(const struct exchange *x, const struct sim_plan *plan,
                        const struct sim_flow_plan *flow, unsigned side)
{
	const struct wr_tuple tuple = tuple_of(plan, flow, side);

	return plan->host[flow->host[side]].cores == 1 ? 0 : wr_owner_of(&x->owner, &tuple);
}

/* Low bits of the far end's TSval, if it may answer by a cookie: see tcp_cookie_ts(). */
static uint32_t cookie_phase(const struct sim_plan *plan, const struct sim_flow_plan *flow)
{
	const struct sim_host_plan *far = &plan->host[flow->host[1]];
	const struct wr_tuple tuple = tuple_of(plan, flow, 1);

	if (!sim_sends_cookies(far))
		return 0;
	return secret_of(far, &tuple) >> 32 & 63;
}

static bool is_alike(const struct exchange *x, const struct sim_flow_plan *was,
                     const struct sim_flow_plan *is)
{
	for (unsigned side = 0; side < SIM_SIDES; side++)
		if (core_of(x, x->plan, was, side) != core_of(x, x->out, is, side))
			return false;
	return cookie_phase(x->plan, was) == cookie_phase(x->out, is);
}

/* May the engine go on choosing the port? Its choice cannot be foreseen. */
static bool is_free(const struct exchange *x, const struct sim_flow_plan *flow)
{
	const struct sim_host_plan *near = &x->plan->host[flow->host[0]];
	const struct sim_host_plan *far = &x->plan->host[flow->host[1]];

	return !flow->lport && near->cores == 1 && far->cores == 1 && !sim_sends_cookies(far);
}

static void exchange_ports(struct exchange *x, unsigned i)
{
	struct sim_flow_plan was = x->plan->flow[i], *is = &x->out->flow[i];

	is->rport = is->echo ? x->out->host[is->host[1]].echo_port : new_port(x, i);
	if (is_free(x, is))
		return;
	was.lport = x->ran->flow[i].port[0];
	do
		is->lport = new_port(x, i);
	while (is->lport == is->rport || !is_alike(x, &was, is));
}

void sim_labels_exchange(const struct sim_plan *plan, const struct sim_result *ran,
                         struct sim_plan *out)
{
	struct exchange x = {.plan = plan, .ran = ran, .out = out};

	*out = *plan;
	wr_prng_seed(&x.prng, plan->seed ^ 0x6c6162656c73);
	out->sign_key = wr_prng_u64(&x.prng);
	wr_owner_init(&x.owner, SIM_CORES);
	exchange_hosts(&x);
	for (unsigned i = 0; i < plan->flows; i++)
		if (!plan->flow[i].off)
			exchange_ports(&x, i);
}

/* ---- runs ---- */

static const char other_labels[] = "with other labels the same happens";

static void differs(struct sim_result *result, uint64_t was, uint64_t is, const char *must_hold)
{
	result->ok = false;
	snprintf(result->why, sizeof(result->why), "%s: %016" PRIx64 " and %016" PRIx64,
	         must_hold, was, is);
}

/* What a run broke that differs from the first in more than labels. */
static void fails(struct sim_result *result, const struct sim_result *again)
{
	result->ok = false;
	snprintf(result->why, sizeof(result->why), "%s: %.200s", other_labels, again->why);
}

static bool may_grow(const struct sim_plan *plan)
{
	bool any = false;

	for (unsigned i = 0; i < plan->hosts; i++)
		any |= plan->host[i].rcv_buf_max > plan->host[i].rcv_buf;
	return any;
}

/*
 * Cookies are numbers that cannot be given. Where old SYNs and ACKs come, given ones are told;
 * as after an abort, if the SYN had to wait for an address and left twice.
 */
static bool may_have_isns(const struct sim_plan *plan)
{
	bool all = !plan->path[0].stale_ppm && !plan->path[0].duplicate_ppm;

	for (unsigned i = 0; i < plan->hosts; i++)
		all &= !sim_sends_cookies(&plan->host[i]);
	for (unsigned i = 0; i < plan->flows; i++)
		for (unsigned side = 0; side < SIM_SIDES; side++)
			all &= plan->flow[i].end[side].abort_ns == SIM_NEVER;
	return all;
}

/*
 * A receive window begins to grow when RCV.NXT passes a multiple of a power of two, as it is on
 * the wire: that ISNs decide when is nobody's loss. So where windows may grow, ISNs are given
 * which agree in the bits below; or, where that is not possible, windows do not grow. False:
 * the plan may stay as it is.
 */
static bool make_comparable(struct sim_plan *plan)
{
	bool given = may_have_isns(plan);
	struct wr_prng prng;

	if (!may_grow(plan))
		return false;
	wr_prng_seed(&prng, plan->seed ^ 0x69736e);
	for (unsigned i = 0; i < plan->hosts; i++) {
		plan->host[i].rcv_buf_max = given ? plan->host[i].rcv_buf_max : 0;
		plan->host[i].has_isn = given;
		plan->host[i].isn = (uint32_t)wr_prng_u64(&prng) | (GROWTH_STEP - 1);
		plan->host[i].isn -= wr_prng_below(&prng, NEAR_BYTES);
	}
	return true;
}

/*
 * ISNs of one side that meet in one of the runs alone. Which do, two cookies for one SYN, is
 * chance; and then it matters: what one connection left on the way is in the window of the
 * other, which is what RFC 9293 section 3.4.3 is about, and whose a number is cannot be told.
 */
static bool may_differ(const struct sim_result *was, const struct sim_result *is)
{
	return was->meetings != is->meetings;
}

static void compare_labels(struct sim_world *world, const struct sim_plan *plan,
                           struct sim_result *result)
{
	struct sim_result ran = *result, again;
	struct sim_plan own = *plan, other;

	if (make_comparable(&own))
		sim_run(world, &own, NULL, NULL, &ran);
	sim_labels_exchange(&own, &ran, &other);
	sim_run(world, &other, NULL, NULL, &again);
	if (ran.plain_hash != again.plain_hash && !may_differ(&ran, &again))
		differs(result, ran.plain_hash, again.plain_hash, other_labels);
	else if (!again.ok)
		fails(result, &again);
	else
		result->relabelled = ran.plain_hash == again.plain_hash;
}

void sim_run_thrice(struct sim_world *world, const struct sim_plan *plan,
                    struct sim_result *result)
{
	struct sim_result again;

	sim_run(world, plan, NULL, NULL, result);
	if (!result->ok)
		return;
	sim_run(world, plan, NULL, NULL, &again);
	if (result->hash != again.hash) {
		differs(result, result->hash, again.hash, "two runs of one seed do the same");
		return;
	}
	compare_labels(world, plan, result);
}

bool sim_labels_failed(const struct sim_result *result)
{
	return !result->ok && strncmp(result->why, other_labels, strlen(other_labels)) == 0;
}

/* ---- the first difference ---- */

#define SHOWN 3 /* lines before it */

static char *plain_trace(struct sim_world *world, const struct sim_plan *plan,
                         struct sim_result *result)
{
	size_t bytes = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		abort();
	sim_run_plain(world, plan, out, result);
	if (!result->ok)
		fprintf(out, "not so: %s\n", result->why);
	fclose(out);
	return text;
}

static int line_length(const char *at)
{
	return (int)strcspn(at, "\n");
}

static void tell_difference(const char *was, const char *is)
{
	const char *before[SHOWN] = {was, was, was}, *a = was, *b = is;
	unsigned lines = 0;

	while (*a && line_length(a) == line_length(b) &&
	       memcmp(a, b, (size_t)line_length(a)) == 0) {
		before[lines++ % SHOWN] = a;
		a += line_length(a) + 1;
		b += line_length(b) + 1;
	}
	for (unsigned i = lines < SHOWN ? 0 : lines - SHOWN; i < lines; i++)
		fprintf(stderr, "  both:  %.*s\n", line_length(before[i % SHOWN]),
		        before[i % SHOWN]);
	fprintf(stderr, "  was:   %.*s\n  other: %.*s\n", line_length(a), a, line_length(b), b);
}

void sim_labels_tell(struct sim_world *world, const struct sim_plan *plan)
{
	struct sim_result ran, again;
	struct sim_plan own = *plan, other;
	char *was, *is;

	make_comparable(&own);
	was = plain_trace(world, &own, &ran);
	sim_labels_exchange(&own, &ran, &other);
	is = plain_trace(world, &other, &again);
	tell_difference(was, is);
	free(was);
	free(is);
}

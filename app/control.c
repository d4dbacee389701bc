/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "appliance.h"

#define LOOK_EVERY_NS     WR_MS(100)
#define DRAIN_EVERY_NS    WR_MS(10)
#define RESET_SPAN_NS     WR_S(5) /* at most: until all have left */
#define SNAPSHOT_EVERY_NS WR_S(1)
#define STUCK_NS          WR_S(2) /* a worker whose rounds do not count on is stuck */

/* The control thread's memory of what it saw last. */
struct control {
	struct wr_appliance *app;
	sigset_t signals;
	uint64_t next_snapshot_ns;
	uint64_t next_line_ns; /* UINT64_MAX: no lines */
	struct wr_console_rates rates;
	bool at_once; /* a second signal came: no more waiting */
	bool told_of_checksums, told_of_queues;
	struct {
		uint64_t polls, since_ns;
		bool told;
	} seen[WR_MAX_WORKERS];
};

static void fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

void wr_control_block_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Sleeps; returns whether a signal asked to stop. SIGUSR1 prints the numbers of now. */
static bool wait_for_signal(struct control *c, uint64_t ns)
{
	uint64_t end_ns = wr_clock_ns(&c->app->clock) + ns, now_ns;
	int got = -1;

	/* A signal for somebody else is no reason to look earlier. */
	while (got < 0 && (now_ns = wr_clock_ns(&c->app->clock)) < end_ns) {
		const struct timespec span = {.tv_nsec = (long)(end_ns - now_ns)};

		got = sigtimedwait(&c->signals, NULL, &span);
	}
	if (got == SIGUSR1)
		wr_console_now(stderr, c->app);
	return got > 0 && got != SIGUSR1;
}

static void watch_worker(struct control *c, unsigned i, uint64_t now_ns)
{
	const struct wr_worker *w = c->app->worker[i];
	uint64_t polls = wr_stat_read(&w->stats.n[WR_STAT_polls]);

	if (polls != c->seen[i].polls) {
		c->seen[i].polls = polls;
		c->seen[i].since_ns = now_ns;
	} else if (now_ns - c->seen[i].since_ns >= STUCK_NS && !c->seen[i].told) {
		c->seen[i].told = true;
		fprintf(stderr,
		        "wringer: worker %u on CPU %u has not moved for %llu s; look for what "
		        "else runs on that CPU.\n",
		        i, w->cpu, (unsigned long long)(STUCK_NS / WR_S(1)));
	}
}

/* Frames that nobody can use need somebody who knows why. */
static void watch_checksums(struct control *c)
{
	uint64_t unfinished = 0;

	for (unsigned i = 0; i < c->app->eal.workers; i++) {
		const struct wr_stats *stats = &c->app->worker[i]->stats;

		unfinished += wr_stat_read(&stats->verdict[WR_V_tcp_unfinished_checksum]) +
		              wr_stat_read(&stats->verdict[WR_V_udp_unfinished_checksum]);
	}
	if (!unfinished || c->told_of_checksums)
		return;
	c->told_of_checksums = true;
	fprintf(stderr,
	        "wringer: frames come with unfinished checksums, which the sender's "
	        "kernel left to its interface, and are dropped; on that interface IF, a "
	        "veth perhaps, run 'ethtool -K IF tx off tso off gso off'.\n");
}

/* So do those that a peer with fewer queues gets twice, torn or not at all. */
static void watch_queues(struct control *c)
{
	const struct wr_port *port = &c->app->port;

	for (uint16_t q = 0; q < port->queues && !c->told_of_queues; q++) {
		const struct wr_stats *stats = &c->app->worker[q]->stats;

		if (!wr_port_lacks_ring(port, q, wr_stat_read(&stats->n[WR_STAT_rx_frames])))
			continue;
		c->told_of_queues = true;
		fprintf(stderr,
		        "wringer: --port %s: the peer has made fewer queues than the %u of "
		        "this end: frames are lost or come twice; give both as many --cores, "
		        "or this end ',queues=N' of the peer.\n",
		        port->spec, port->queues);
	}
}

static void look(struct control *c)
{
	struct wr_appliance *app = c->app;
	uint64_t now_ns = wr_clock_ns(&app->clock);

	if (now_ns >= c->next_snapshot_ns) {
		c->next_snapshot_ns = now_ns + SNAPSHOT_EVERY_NS;
		wr_export_tick(app->export, now_ns);
		for (unsigned i = 0; i < app->eal.workers; i++)
			watch_worker(c, i, now_ns);
		watch_checksums(c);
		watch_queues(c);
	}
	if (now_ns >= c->next_line_ns) {
		c->next_line_ns += app->conf->stats_interval_us * 1000;
		wr_console_line(stderr, app, now_ns, &c->rates);
	}
}

/* Connections that have not come to their end; TIME-WAIT has. */
static uint64_t open_connections(const struct wr_appliance *app)
{
	uint64_t open = 0;

	for (unsigned i = 0; i < app->eal.workers; i++) {
		const struct wr_stats *stats = &app->worker[i]->stats;

		for (unsigned s = WR_TCP_SYN_SENT; s < WR_TCP_TIME_WAIT; s++)
			open += wr_stat_read(&stats->connections[s]);
	}
	return open;
}

static bool all_heard(const struct wr_appliance *app, const struct wr_stack_message *message)
{
	for (unsigned i = 0; i < app->eal.workers; i++)
		if (!__atomic_load_n(&message[i].done, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/*
 * Has all workers end their connections, and waits for it up to span_ns. False: some are
 * left, or a second signal came.
 */
static bool end_connections(struct control *c, struct wr_stack_message *message,
                            enum wr_stack_ask how, uint64_t span_ns)
{
	struct wr_appliance *app = c->app;
	uint64_t end_ns = wr_clock_ns(&app->clock) + span_ns;

	for (unsigned i = 0; i < app->eal.workers; i++) {
		message[i].ask = how;
		if (wr_stack_post(app->worker[i]->stack, &message[i]))
			return false;
	}
	while (!all_heard(app, message) || open_connections(app) > 0) {
		if (wr_clock_ns(&app->clock) >= end_ns)
			return false;
		if (wait_for_signal(c, DRAIN_EVERY_NS)) {
			c->at_once = true;
			return false;
		}
	}
	return true;
}

/* Closes what is open, and resets what the peers do not close in time. */
static bool drain(struct control *c, struct wr_stack_message *message)
{
	const struct wr_appliance *app = c->app;
	unsigned long long open;

	if (end_connections(c, message, WR_ASK_DRAIN, app->conf->drain_us * 1000))
		return true;
	open = open_connections(app);
	if (!c->at_once && all_heard(app, message))
		end_connections(c, message, WR_ASK_ABORT, RESET_SPAN_NS);
	if (open)
		fprintf(stderr, "wringer: %llu connection%s had not ended in time%s.\n", open,
		        open == 1 ? "" : "s",
		        open_connections(app) == 0 ? " and had to be reset" : "");
	return false;
}

/* Whether the first or second signal, or the role, ends it. */
static bool is_over(struct control *c)
{
	struct wr_appliance *app = c->app;
	const struct wr_role *role = app->role;

	if (role->look && !role->look(app, wr_clock_ns(&app->clock)))
		return true;
	if (!wait_for_signal(c, role->look_every_ns ? role->look_every_ns : LOOK_EVERY_NS))
		return false;
	c->at_once = app->interrupted;
	app->interrupted = true;
	return c->at_once || !role->stop || !role->stop(app, wr_clock_ns(&app->clock));
}

bool wr_control_run(struct wr_appliance *app)
{
	uint64_t now_ns = wr_clock_ns(&app->clock);
	struct control c = {.app = app, .next_line_ns = UINT64_MAX};
	bool drained;

	fill_signals(&c.signals);
	if (app->conf->stats_interval_us)
		c.next_line_ns = now_ns + app->conf->stats_interval_us * 1000;
	c.rates.time_ns = now_ns;
	do
		look(&c);
	while (!is_over(&c));

	drained = !c.at_once && drain(&c, app->message);
	wr_appliance_halt(app);
	return drained;
}

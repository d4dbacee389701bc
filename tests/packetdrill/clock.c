/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time passes when the script's thread asks for it, never by itself; and not while a second
 * thread that woke from its call has not yet read when that was.
 */
#include <string.h>

#include "clock.h"
#include "craft.h"
#include "wire.h"
#include "wr_test.h"

#define BUFFERS    1023
#define PACKET_MAX 10000 /* bytes; scripts send more than the MTU allows */
#define LOOK_NS    1000  /* a look at the clock takes so long: some wait by looking */

static struct wire *wire; /* host 0 is under test, host 1 its gateway */
static struct rte_mempool *pool;
static struct wire_frame sent[BUFFERS + 1]; /* more than there can be at once */
static unsigned sent_count, taken_count;    /* so far */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER; /* `woke` has changed */
static pthread_t script;                                 /* the main thread */
static const struct socket *sleeps_on; /* the second thread; NULL: it is awake, */
static bool (*sleeps_until)(const struct socket *s);
static bool woke; /* but has not yet read the clock */

/* What the host sends is taken off the wire, but for ARP: the gateway answers it. */
static bool pass(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const void *);
	struct rte_mbuf *packet;

	if (eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return true;
	packet = rte_pktmbuf_copy(m, pool, sizeof(*eth), UINT32_MAX);
	if (packet)
		sent[sent_count++ % WR_LEN(sent)] = (struct wire_frame) {packet, wire->now_ns};
	return false;
}

struct wr_tcp *clock_start(const struct wr_conf *conf)
{
	static struct wr_stack_conf stack, net;

	wr_test_eal(64);
	pool = wr_test_pool("drill", BUFFERS, PACKET_MAX);
	wr_conf_stack(conf, &stack);
	wire_conf(&net, 0);
	net.ip.gateway = net.ip.addr[0].addr + 1;
	net.tcp = stack.tcp;
	wire = wire_new(&net, 1, BUFFERS, BUFFERS);
	wire->pass = pass;
	script = pthread_self();
	return wr_stack_tcp(wire->host[0].core[0]);
}

void clock_free(void *userdata)
{
	wr_stack_free(wire->host[0].core[0]);
}

/* ---- two threads ---- */

static void work(void)
{
	wire_run(wire, 0);
	if (sleeps_on && sleeps_until(sleeps_on)) {
		sleeps_on = NULL;
		woke = true;
		pthread_cond_broadcast(&turned);
	}
}

pthread_mutex_t *clock_turn(void)
{
	pthread_mutex_lock(&lock);
	return &lock;
}

void clock_end_turn(pthread_mutex_t **turn)
{
	work();
	pthread_mutex_unlock(*turn);
}

static void time_may_go_on(void)
{
	woke = false;
	pthread_cond_broadcast(&turned);
}

bool clock_wait(bool (*ready)(const struct socket *s), const struct socket *s)
{
	work();
	if (!ready(s) && !pthread_equal(pthread_self(), script)) {
		sleeps_on = s;
		sleeps_until = ready;
		for (time_may_go_on(); !woke;)
			pthread_cond_wait(&turned, &lock);
	}
	return ready(s);
}

/* Lets time pass until until_ns; with `stop`, until a frame is sent or none will ever be. */
static void go_on(uint64_t until_ns, bool stop)
{
	for (;;) {
		uint64_t next;

		work();
		while (woke)
			pthread_cond_wait(&turned, &lock);
		next = wr_stack_deadline(wire->host[0].core[0]);
		if (wire->now_ns >= until_ns ||
		    (stop && (sent_count != taken_count || next == UINT64_MAX)))
			return;
		next = RTE_MIN(RTE_MAX(next, wire->now_ns + LOOK_NS), until_ns);
		wire_run(wire, next - wire->now_ns);
	}
}

/* ---- the table's part ---- */

int clock_usleep(void *userdata, useconds_t us)
{
	CLOCK_TURN;
	go_on(wire->now_ns + WR_US(us), false);
	return 0;
}

int clock_gettimeofday(void *userdata, struct timeval *now, struct timezone *zone)
{
	CLOCK_TURN;
	if (woke && !pthread_equal(pthread_self(), script))
		time_may_go_on();
	else
		go_on(wire->now_ns + LOOK_NS, false);
	now->tv_sec = (time_t)(wire->now_ns / WR_S(1));
	now->tv_usec = (suseconds_t)(wire->now_ns % WR_S(1) / 1000);
	return 0;
}

int clock_netdev_send(void *userdata, const void *packet, size_t n)
{
	const struct craft_path from_gateway = {.smac = wire->host[1].conf.ip.mac,
	                                        .dmac = wire->host[0].conf.ip.mac};
	struct rte_mbuf *m;
	void *to;

	CLOCK_TURN;
	m = craft_frame(pool, &from_gateway, RTE_ETHER_TYPE_IPV4, (uint16_t)n, &to);
	memcpy(to, packet, n);
	wire_inject(wire, 0, 0, m);
	return 0;
}

int clock_netdev_receive(void *userdata, void *packet, size_t *n, long long *time_us)
{
	const struct wire_frame *f;

	CLOCK_TURN;
	go_on(UINT64_MAX, true);
	if (sent_count == taken_count) {
		*n = 0;
		return 0;
	}
	f = &sent[taken_count++ % WR_LEN(sent)];
	*time_us = (long long)(f->due_ns / 1000);
	*n = RTE_MIN(*n, f->m->pkt_len);
	memcpy(packet, rte_pktmbuf_mtod(f->m, void *), *n);
	rte_pktmbuf_free(f->m);
	return 0;
}

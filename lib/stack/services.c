/* SPDX-License-Identifier: BSD-3-Clause */
/* The services of one core: their state, their ports, their time. */
#include <errno.h>

#include <rte_malloc.h>

#include "stack.h"

static struct wr_service_conf conf_of(const struct wr_stack_conf *conf)
{
	return (struct wr_service_conf) {
		.connections = conf->tcp.connections,
		.core = conf->core,
		.cores = conf->owner ? conf->owner->cores : 1,
		.bufs = conf->pool ? conf->pool->size : 0,
		.request_timeout_us = conf->request_timeout_us,
	};
}

static uint64_t state_bytes(const struct wr_service *service,
                            const struct wr_service_conf *conf)
{
	return service->core_bytes ? service->core_bytes(conf) : 0;
}

struct wr_stack_service *wr_stack_serve(struct wr_stack_conf *conf,
                                        const struct wr_service *service)
{
	struct wr_stack_service *row = &conf->service[conf->services++];

	*row = (struct wr_stack_service) {
		.service = service,
		.port = service->port,
		.tcp = true,
		.udp = true,
	};
	wr_tcp_options_default(&row->options);
	row->options.nodelay = service->nodelay;
	return row;
}

uint64_t stack_services_bytes(const struct wr_stack_conf *conf)
{
	const struct wr_service_conf to_service = conf_of(conf);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < conf->services; i++)
		bytes += state_bytes(conf->service[i].service, &to_service);
	return bytes;
}

/* ---- ports ---- */

static int listen_tcp(struct wr_stack *s, const struct wr_stack_service *row, void *user)
{
	const struct wr_tcp_listener listener = {
		.addr = row->addr,
		.port = row->port,
		.events = row->service->tcp,
		.user = user,
		.options = row->options,
	};

	return row->tcp && row->service->tcp ? wr_tcp_listen(s->tcp, &listener) : 0;
}

static int listen_udp(struct wr_stack *s, const struct wr_stack_service *row, void *user)
{
	const struct wr_udp_listener listener = {
		.addr = row->addr,
		.port = row->port,
		.replies = row->service->udp_replies,
		.handler = row->service->udp,
		.user = user,
	};

	return row->udp && row->service->udp ? wr_udp_listen(&s->udp, &listener) : 0;
}

static int say_why(struct wr_err *err, int rc, const struct wr_stack_service *row,
                   const char *protocol)
{
	if (rc == -EADDRINUSE)
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "%s: %s port %u is taken by another service; "
		                  "give one of them another port",
		                  row->service->name, protocol, row->port);
	return wr_err_set(err, WR_EXIT_USAGE, rc,
	                  "%s: there is no room for another %s listener on port %u; "
	                  "configure fewer services",
	                  row->service->name, protocol, row->port);
}

/* ---- time ---- */

static bool run(void *arg, uint64_t now_ns)
{
	struct wr_service_core *core = arg;

	return core->service->run(core, now_ns / 1000);
}

static uint64_t deadline(void *arg)
{
	const struct wr_service_core *core = arg;
	uint64_t us = core->service->deadline(core);

	return us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;
}

static int give_time(struct wr_stack *s, struct wr_service_core *core)
{
	const struct wr_stack_task task = {.run = run, .deadline = deadline, .arg = core};

	return core->service->run ? wr_stack_add_task(s, &task) : 0;
}

/* ---- life ---- */

static int give_state(struct wr_stack *s, struct wr_service_core *core,
                      const struct wr_service_conf *conf)
{
	uint64_t bytes = state_bytes(core->service, conf);

	if (!bytes)
		return 0;
	core->state = rte_zmalloc_socket("wr_service", bytes, WR_CACHE_LINE, s->conf.socket);
	if (!core->state)
		return -ENOMEM;
	if (core->service->core_begin)
		core->service->core_begin(core, conf);
	return 0;
}

static int start(struct wr_stack *s, const struct wr_stack_service *row,
                 struct wr_service_core *core, struct wr_err *err)
{
	const struct wr_service_conf conf = conf_of(&s->conf);
	int rc;

	*core = (struct wr_service_core) {
		.service = row->service,
		.pool = s->conf.pool,
		.stats = s->stats,
		.tcp = s->tcp,
		.udp = &s->udp,
		.prng = &s->prng,
		.now_us = &s->now_us,
		.core = conf.core,
		.cores = conf.cores,
		.tell = stack_service_tell,
		.stack = s,
	};
	if (give_state(s, core, &conf) || give_time(s, core))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "core %u: no memory for the service %s (%.1f MiB); "
		                  "configure fewer connections or give more memory",
		                  conf.core, row->service->name,
		                  (double)state_bytes(row->service, &conf) / (1 << 20));
	rc = listen_tcp(s, row, core);
	if (rc)
		return say_why(err, rc, row, "TCP");
	rc = listen_udp(s, row, core);
	return rc ? say_why(err, rc, row, "UDP") : 0;
}

int stack_services_start(struct wr_stack *s, struct wr_err *err)
{
	for (unsigned i = 0; i < s->conf.services; i++) {
		int rc = start(s, &s->conf.service[i], &s->service[i], err);

		if (rc)
			return rc;
	}
	return 0;
}

void stack_services_stop(struct wr_stack *s)
{
	for (unsigned i = 0; i < s->conf.services; i++) {
		struct wr_service_core *core = &s->service[i];

		if (core->state && core->service->core_end)
			core->service->core_end(core);
		rte_free(core->state);
		core->state = NULL;
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "export.h"

#define NAP_MIN_US 10
#define NAP_MAX_US 1000

static bool stopping(const struct wr_export *export)
{
	return __atomic_load_n(&export->stopping, __ATOMIC_RELAXED);
}

/* Naps, each longer than the one before. Returns 0 to try again, or why not to. */
static int nap(const struct wr_export *export, unsigned *nap_us, uint64_t until_ns)
{
	const struct wr_export_conf *conf = &export->conf;

	if (stopping(export))
		return -ESHUTDOWN;
	if (conf->now_ns(conf->arg) >= until_ns)
		return -ETIMEDOUT;
	conf->nap(conf->arg, *nap_us);
	*nap_us = wr_min(*nap_us * 2, NAP_MAX_US);
	return 0;
}

static int wait_for(const struct wr_export *export, const struct wr_stack_message *message,
                    uint64_t until_ns)
{
	unsigned nap_us = NAP_MIN_US;
	int rc = 0;

	while (!__atomic_load_n(&message->done, __ATOMIC_ACQUIRE) && rc == 0)
		rc = nap(export, &nap_us, until_ns);
	return rc;
}

static int post(const struct wr_export *export, struct wr_stack *stack,
                struct wr_stack_message *message, uint64_t until_ns)
{
	unsigned nap_us = NAP_MIN_US;
	int rc = 0;

	message->done = 0;
	while (rc == 0 && wr_stack_post(stack, message) == -EAGAIN)
		rc = nap(export, &nap_us, until_ns);
	return rc;
}

/* One question and its answer; the asking is ours when it returns 0. */
static int converse(struct wr_export *export, struct wr_stack *stack, struct wr_asking *asking,
                    const struct wr_tcp_filter *filter, uint32_t every, uint32_t cursor)
{
	uint64_t until_ns = export->conf.now_ns(export->conf.arg) + WR_ASK_BOUND_NS;
	struct wr_stack_message *message = &asking->message;
	int rc;

	if (asking->lent && (rc = wait_for(export, message, until_ns)) < 0)
		return rc;
	asking->lent = false;

	message->ask = WR_ASK_CONNECTIONS;
	message->filter = *filter;
	message->every = every;
	message->cursor = cursor;
	message->count = 0;
	rc = post(export, stack, message, until_ns);
	if (rc < 0)
		return rc;
	asking->lent = true;
	rc = wait_for(export, message, until_ns);
	if (rc == 0)
		asking->lent = false;
	return rc;
}

int wr_export_ask(struct wr_export *export, unsigned core, const struct wr_tcp_filter *filter,
                  uint32_t every, uint32_t *cursor, struct wr_tcp_info *out, unsigned *count)
{
	struct wr_asking *asking;
	struct wr_stack *stack;
	int rc;

	if (core >= export->conf.cores || !export->conf.core[core].stack)
		return -ENODEV;
	stack = export->conf.core[core].stack;
	asking = &export->asking[core];

	pthread_mutex_lock(&export->ask_lock);
	rc = converse(export, stack, asking, filter, every, *cursor);
	if (rc == 0) {
		*cursor = asking->message.cursor;
		*count = asking->message.count;
		memcpy(out, asking->message.info, *count * sizeof(*out));
	}
	pthread_mutex_unlock(&export->ask_lock);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread asks, answered between two bursts and in bounded slices. */
#include "stack.h"

#define MESSAGES_ROUND 4    /* messages answered in one tick */
#define DUMP_SCAN      1024 /* table entries looked at for one message */
#define DRAIN_SLICE    64   /* table entries closed in one tick */

int wr_stack_post(struct wr_stack *stack, struct wr_stack_message *message)
{
	__atomic_store_n(&message->done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&message->taken, 0, __ATOMIC_RELAXED);
	return rte_ring_enqueue(stack->mailbox, message) ? -EAGAIN : 0;
}

/* Whether it was nobody's; now it is the caller's. */
static bool take(struct wr_stack_message *message)
{
	return !__atomic_exchange_n(&message->taken, 1, __ATOMIC_ACQ_REL);
}

bool wr_stack_retract(struct wr_stack_message *message)
{
	return take(message);
}

static void carry_out(struct wr_stack *s, struct wr_stack_message *message)
{
	switch (message->ask) {
	case WR_ASK_CONNECTIONS:
		message->count = wr_tcp_dump(s->tcp, &message->filter,
		                             wr_max(message->every, 1), &message->cursor,
		                             DUMP_SCAN, message->info, WR_ASK_PAGE, s->now_us);
		break;
	case WR_ASK_CALL:
		message->call(s, message->arg);
		break;
	case WR_ASK_DRAIN:
		s->draining = true;
		break;
	case WR_ASK_ABORT:
		s->draining = s->aborting = true;
		s->drain_cursor = 0;
		break;
	}
	WR_COUNT(s->stats, control_messages, 1);
}

static void answer(struct wr_stack *s, struct wr_stack_message *message)
{
	if (take(message))
		carry_out(s, message);
	__atomic_store_n(&message->done, 1, __ATOMIC_RELEASE);
}

bool stack_control_run(struct wr_stack *s)
{
	void *message;
	bool busy = false;

	for (unsigned i = 0; i < MESSAGES_ROUND && !rte_ring_dequeue(s->mailbox, &message);
	     i++) {
		answer(s, message);
		busy = true;
	}
	if (wr_unlikely(s->draining) && s->drain_cursor != UINT32_MAX) {
		if (s->aborting)
			wr_tcp_abort_all(s->tcp, &s->drain_cursor, DRAIN_SLICE, s->now_us);
		else
			wr_tcp_drain(s->tcp, &s->drain_cursor, DRAIN_SLICE, s->now_us);
		busy = true;
	}
	return busy;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders to workers; those that find the ring full wait, in order. */
#include <stdlib.h>

#include "i3_session.h"

static bool put(struct wr_iperf3 *i3, uint16_t worker, const struct i3_order *order)
{
	return i3_ring_put(i3->worker[worker]->orders, order, sizeof(*order));
}

void i3_post(struct wr_iperf3 *i3, uint16_t worker, const struct i3_order *order)
{
	struct i3_backlog *b = &i3->backlog[worker];
	struct i3_waiting *w;

	if (!b->first && put(i3, worker, order))
		return;
	w = malloc(sizeof(*w));
	if (!w)
		return; /* the guard times of the test notice */
	w->next = NULL;
	w->order = *order;
	if (!b->first)
		b->last = &b->first;
	*b->last = w;
	b->last = &w->next;
}

void i3_post_link(struct wr_iperf3 *i3, const struct i3_link *link, enum i3_order_kind kind)
{
	const struct i3_order order = {
		.kind = (uint8_t)kind,
		.index = link->index,
		.generation = link->generation,
	};

	if (link->there)
		i3_post(i3, link->worker, &order);
}

void i3_post_waiting(struct wr_iperf3 *i3)
{
	for (uint16_t i = 0; i < i3->workers; i++) {
		struct i3_backlog *b = &i3->backlog[i];

		while (b->first && put(i3, i, &b->first->order)) {
			struct i3_waiting *w = b->first;

			b->first = w->next;
			free(w);
		}
	}
}

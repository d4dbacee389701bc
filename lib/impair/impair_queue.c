/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include "impair.h"

static bool is_earlier(const struct impair_entry *a, const struct impair_entry *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->serial < b->serial);
}

static void insert(struct impair_queue *q, const struct impair_entry *new)
{
	uint32_t i = q->count++;

	assert(i < q->size);
	while (i > 0 && is_earlier(new, &q->entry[(i - 1) / 2])) {
		q->entry[i] = q->entry[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->entry[i] = *new;
}

void impair_queue_put(struct impair_queue *q, struct rte_mbuf *m, uint64_t due_ns)
{
	insert(q, &(struct impair_entry) {due_ns, q->back++, m});
}

void impair_queue_put_front(struct impair_queue *q, struct rte_mbuf *const *frames, unsigned n)
{
	for (unsigned i = n; i > 0; i--)
		insert(q, &(struct impair_entry) {0, --q->front, frames[i - 1]});
}

struct rte_mbuf *impair_queue_take(struct impair_queue *q)
{
	struct rte_mbuf *first = q->entry[0].m;
	const struct impair_entry last = q->entry[--q->count];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < q->count) {
		if (child + 1 < q->count && is_earlier(&q->entry[child + 1], &q->entry[child]))
			child++;
		if (!is_earlier(&q->entry[child], &last))
			break;
		q->entry[i] = q->entry[child];
		i = child;
	}
	q->entry[i] = last;
	return first;
}

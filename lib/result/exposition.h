/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_EXPOSITION_H
#define WR_RESULT_EXPOSITION_H

#include <pthread.h>

#include "run.h"

/*
 * The families of a load run for Prometheus. The control thread renders them once a second;
 * any thread may copy the text.
 */
struct exposition {
	pthread_mutex_t lock;
	char *text; /* NULL: nothing was rendered yet */
};

void exposition_init(struct exposition *exposition);
void exposition_fini(struct exposition *exposition);

/* Renders what has counted since the start, and the rates of the last interval. */
void exposition_render(struct exposition *exposition, const struct run *run,
                       const struct wr_load_stats *load, const struct interval *interval);

void exposition_copy(struct exposition *exposition, FILE *out);

#endif /* WR_RESULT_EXPOSITION_H */

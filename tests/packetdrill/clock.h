/* SPDX-License-Identifier: BSD-3-Clause */
/* The host under test, in virtual time. There is one a process: nobody needs the userdata. */
#ifndef WR_DRILL_CLOCK_H
#define WR_DRILL_CLOCK_H

#include <pthread.h>
#include <stdbool.h>

#include "table.h"
#include "wr_conf.h"

struct socket;

/* Starts the engine with the TCP of that configuration, beside a gateway. */
struct wr_tcp *clock_start(const struct wr_conf *conf);

/*
 * Holds the lock of all calls until the scope ends. Then the engine does what is due, and a
 * thread that sleeps for that wakes.
 */
#define CLOCK_TURN                                                                             \
	pthread_mutex_t *turn __attribute__((unused, cleanup(clock_end_turn))) = clock_turn()
pthread_mutex_t *clock_turn(void);
void clock_end_turn(pthread_mutex_t **turn);

/*
 * Sleeps until ready(s), and returns it. The script's own thread does not sleep: as it is the
 * one that moves time, nothing would ever happen.
 */
bool clock_wait(bool (*ready)(const struct socket *s), const struct socket *s);

/* The table's part. */
void clock_free(void *userdata);
int clock_usleep(void *userdata, useconds_t us);
int clock_gettimeofday(void *userdata, struct timeval *now, struct timezone *zone);
int clock_netdev_send(void *userdata, const void *packet, size_t n);
int clock_netdev_receive(void *userdata, void *packet, size_t *n, long long *time_us);

#endif /* WR_DRILL_CLOCK_H */

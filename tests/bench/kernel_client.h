/* SPDX-License-Identifier: BSD-3-Clause */
/* What the clients on kernel sockets have in common; they end the process on any failure. */
#ifndef WR_KERNEL_CLIENT_H
#define WR_KERNEL_CLIENT_H

#include <stdint.h>

uint64_t kernel_now_ns(void);

/* Says what failed and why, and exits with 3. */
void kernel_die(const char *what);

/* Keeps this thread on one CPU. */
void kernel_pin(int cpu);

/* A socket of that type (SOCK_STREAM or SOCK_DGRAM), connected; exits with 2 if the address
 * is none. */
int kernel_connect(int type, const char *address, const char *port);

#endif /* WR_KERNEL_CLIENT_H */

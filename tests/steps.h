/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts machine instructions, exactly: the whole test runs as a child that its parent steps
 * through where it asks for that. So bounds on work do not depend on the machine's speed.
 */
#ifndef WR_STEPS_H
#define WR_STEPS_H

#include <stdint.h>

/* Runs `run` in a child and returns its exit code; to be called from main(), before EAL. */
int steps_main(int (*run)(void));

/* Between these two each instruction of the calling thread, the main one, counts. */
void steps_begin(void);
uint64_t steps_end(void);

#endif /* WR_STEPS_H */

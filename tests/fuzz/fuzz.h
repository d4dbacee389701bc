/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share. A target is one function from bytes to nothing, which ends the
 * program when something does not hold that must. libFuzzer calls it (-Dfuzz=true), or replay.c
 * does with the files of its corpus.
 */
#ifndef WR_FUZZ_H
#define WR_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Input that is read from its front. Behind its end there are zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

uint8_t fuzz_u8(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint32_t fuzz_u32(struct fuzz_input *in);

/* A copy of the bytes in memory of just that size, with a zero behind them: to be freed. */
char *fuzz_text(const uint8_t *bytes, size_t size);

#define FUZZ_BUFFERS 1023

/* The pool of this program, of so many; EAL starts with the first call. */
struct rte_mempool *fuzz_pool(void);

/* Every buffer of fuzz_pool() must be back. */
void fuzz_check_pool(void);

/*
 * One execution of a target that makes engines. Of the first, and of one in 64 of the others,
 * there is a second one, which must do the same: what an execution does depends on its input
 * alone.
 */
void fuzz_run(void (*run)(struct fuzz_input in), const uint8_t *bytes, size_t size);

/* What an execution did, for that comparison: any values, and frames that were sent. */
void fuzz_note(const void *bytes, size_t size);
void fuzz_note_frame(const struct rte_mbuf *m);

/* Ends the program if it does not hold. */
#define FUZZ_HOLDS(condition)                                                                  \
	((condition) ? (void)0 : fuzz_fails(#condition, __FILE__, __LINE__))

/* With FUZZ_TRACE in the environment, what crosses the wire is told: to understand a failure.
 */
void fuzz_trace(uint64_t now_ns, const struct rte_mbuf *m);

_Noreturn void fuzz_fails(const char *condition, const char *file, int line);

#endif /* WR_FUZZ_H */

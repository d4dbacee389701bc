/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_ERR_H
#define WR_ERR_H

/* Exit codes of the command: the contract with scripts and CI systems. */
enum wr_exit {
	WR_EXIT_OK = 0,            /* done */
	WR_EXIT_FAILED = 1,        /* the test failed */
	WR_EXIT_USAGE = 2,         /* command line or configuration */
	WR_EXIT_ENVIRONMENT = 3,   /* root, hugepages, devices, memory, cores */
	WR_EXIT_THRESHOLD = 4,     /* a --require threshold was missed */
	WR_EXIT_INVALID = 5,       /* the measurement is invalid */
	WR_EXIT_INTERRUPTED = 130, /* a signal ended the test before its time */
};

/*
 * Why set-up failed: one complete sentence that says what, where and what to do.
 * Made where the knowledge is, printed once at the top, never in between.
 */
struct wr_err {
	enum wr_exit exit;
	char text[512];
};

/* Fills err and returns rc (a negative errno), so that callers can `return wr_err_set(...)`. */
__attribute__((format(printf, 4, 5))) int wr_err_set(struct wr_err *err, enum wr_exit exit,
                                                     int rc, const char *fmt, ...);

#endif /* WR_ERR_H */

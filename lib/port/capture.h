/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CAPTURE_H
#define WR_CAPTURE_H

#include <stddef.h>

/*
 * EAL and its drivers write to standard output and standard error as they like, half of it
 * past rte_log(). While they start, both descriptors lead to a file in memory.
 */
struct wr_capture {
	int saved[3]; /* descriptors 1 and 2 as they were; [0] is the file, or -1 */
};
void wr_capture_begin(struct wr_capture *capture);

/* Ends it. Returns the text, to be freed; NULL if there is none. */
char *wr_capture_end(struct wr_capture *capture);

/* The last line of DPDK's text that tells a reason, without "EAL: "; "" if there is none. */
void wr_capture_reason(const char *text, char *line, size_t size);

#endif /* WR_CAPTURE_H */

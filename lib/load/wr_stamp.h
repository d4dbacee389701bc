/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_STAMP_H
#define WR_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Verification (--verify): each message begins with a stamp that says whose it is, which one,
 * how long, and a CRC-32C over all of it. What comes back is told apart: good, corrupt, lost,
 * duplicate, out of order, cut short, or none of ours.
 */
#define WR_STAMP_BYTES 32 /* the least size of a verified message */

struct wr_stamp {
	uint32_t run;        /* of this run: from the seed */
	uint32_t connection; /* number of the connection, over all cores */
	uint64_t sequence;   /* of the message on it, from 0 */
	uint32_t bytes;      /* of the message, the stamp included */
};

/* Writes the stamp to the first WR_STAMP_BYTES of a message whose payload is in place. */
void wr_stamp_write(uint8_t *message, const struct wr_stamp *stamp);

enum wr_stamp_verdict {
	WR_STAMP_GOOD,
	WR_STAMP_CORRUPT,   /* ours by its magic, but the CRC is wrong */
	WR_STAMP_TRUNCATED, /* shorter than it says */
	WR_STAMP_FOREIGN,   /* no stamp, or of another run or connection */
};

/*
 * Checks a message as it comes, in pieces of any size. `want` bytes make a message; its
 * stamp is in `stamp` once WR_STAMP_BYTES have come. 64 bytes a connection.
 */
struct wr_stamp_check {
	uint32_t want, have;
	uint32_t crc;
	uint8_t head[WR_STAMP_BYTES];
};

void wr_stamp_begin(struct wr_stamp_check *check, uint32_t want);
/* Takes up to n bytes; returns how many belonged to the message. */
size_t wr_stamp_take(struct wr_stamp_check *check, const uint8_t *data, size_t n);
/* The verdict on what has come, complete or not; *stamp is what it says. */
enum wr_stamp_verdict wr_stamp_judge(const struct wr_stamp_check *check, uint32_t run,
                                     uint32_t connection, struct wr_stamp *stamp);

/*
 * Exactly-once: which sequence numbers of a connection have come. A window of 64 tells
 * duplicates from late ones; 16 bytes a connection.
 */
struct wr_once {
	uint64_t next; /* the lowest number not yet passed by the window */
	uint64_t seen; /* bit i: next - 1 - i came */
};

enum wr_once_verdict {
	WR_ONCE_NEW,       /* the one expected, or beyond it: `*skipped` are missing so far */
	WR_ONCE_LATE,      /* one of the missing: reordered; one less is missing */
	WR_ONCE_DUPLICATE, /* came before, or too old to tell */
};

enum wr_once_verdict wr_once_see(struct wr_once *once, uint64_t sequence, uint64_t *skipped);

#endif /* WR_STAMP_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SCRIPT_H
#define WR_SCRIPT_H

#include "world.h"
#include "wr_test.h"

/* A packet script on its way; one case at a time. */
struct script {
	struct rte_mempool *pool, *peer_pool;
	const char *only; /* name of the case to run; NULL: all */
	const char *file;
	unsigned line;
	char next[512]; /* the line after this one */
	char name[512]; /* of the case; "" before the first */
	char failure[2048];
	unsigned cases, failed;
	bool is_listening;
	bool is_skipped; /* the lines are of a case that is not run */
	uint64_t now_ns; /* the script's time; the world may be a tolerance ahead */
	uint64_t tolerance_ns;
	struct world world;
};

/* Notes the first failure of a case, with file and line; returns false. */
__attribute__((format(printf, 2, 3))) bool script_fail(struct script *s, const char *fmt, ...);

/* Nothing may have been sent that the script did not ask about. */
bool script_is_silent(struct script *s);

/* Runs one line: a segment, a command or a condition. */
bool script_event(struct script *s, const char *text);

/* Takes a whole number, decimal or 0x..., that a space or the end of the text follows. */
bool script_number(const char **at, uint64_t *n);

/* setting.c: "KEY VALUE". Those of the engine before it starts. */
bool script_set(struct script *s, const char *text);

/* command.c, condition.c: what the service does, and what must be true now. */
bool script_command(struct script *s, const char *text);

/* What there is, for people who read: a page's tables in Markdown. */
void script_list_commands(void);
void script_list_fields(void);
void script_list_settings(void);

#endif /* WR_SCRIPT_H */

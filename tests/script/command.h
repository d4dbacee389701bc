/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SCRIPT_COMMAND_H
#define WR_SCRIPT_COMMAND_H

#include "script.h"

/* What follows the name of a command. */
enum form { NOTHING, NUMBER, BYTES, NAME, NAME_NUMBER, OPTIONS };

struct argument {
	char name[64];
	uint64_t n;
	const char *text; /* all of it */
};

struct command {
	const char *name;
	enum form form;
	bool (*run)(struct script *s, unsigned flow, const struct argument *a);
	const char *does;
};

struct command_table {
	const struct command *command;
	unsigned count;
};

extern const struct command_table command_doings;     /* command.c */
extern const struct command_table command_conditions; /* condition.c */

#endif /* WR_SCRIPT_COMMAND_H */

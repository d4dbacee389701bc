/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CONF_KEYS_H
#define WR_CONF_KEYS_H

#include "wr_conf.h"

/* Inside lib/conf: the table of keys, and how values of each kind are read and written. */

struct wr_conf_key;

struct wr_conf_unit {
	const char *suffix; /* "" allows a bare number */
	uint64_t factor;
};

struct wr_conf_kind {
	const char *meta;   /* for --help: "#[k|M]" */
	const char *wanted; /* completes "'x' is not ...": what the user should write */
	/*
	 * Reads text to the member at `at`; of a list, appends. Returns 0, -EINVAL (cannot be
	 * read), -ERANGE (out of the key's bounds) or -E2BIG (list or text too long).
	 */
	int (*read)(const struct wr_conf_key *key, const char *text, void *at);
	/* Writes item i; false: there is none. i > 0 only for lists. */
	bool (*write)(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
	              size_t size);
	void (*clear)(const struct wr_conf_key *key, void *at); /* NULL: not a list */
	const struct wr_conf_unit *units; /* of a number, the largest first; ends with NULL */
};

struct wr_conf_key {
	const char *name;
	unsigned commands; /* of enum wr_conf_command: who takes it */
	const struct wr_conf_kind *kind;
	const char *min, *max; /* as the user would write them; NULL: no bounds */
	const char *preset;    /* NULL: not set */
	const char *zero;      /* the word for 0, outside the bounds: "auto"; may be NULL */
	const char *const *choices; /* of a choice; ends with NULL */
	size_t offset, size;
	const char *help;
	bool shorthand; /* writes the member of another key: not printed */
};

struct wr_conf_group {
	const char *title;
	const struct wr_conf_key *keys; /* ends with a NULL name */
};

extern const struct wr_conf_group wr_conf_groups[]; /* ends with a NULL title */

extern const struct wr_conf_kind wr_conf_count, wr_conf_bytes, wr_conf_duration, wr_conf_bool,
	wr_conf_choice, wr_conf_text, wr_conf_words, wr_conf_cpus, wr_conf_cc, wr_conf_addr,
	wr_conf_cidrs, wr_conf_ranges, wr_conf_ports, wr_conf_services, wr_conf_service_ports,
	wr_conf_listen, wr_conf_impairments, wr_conf_rate, wr_conf_bitrate, wr_conf_sizes,
	wr_conf_schedule, wr_conf_target, wr_conf_payload, wr_conf_port_range, wr_conf_output,
	wr_conf_thresholds, wr_conf_headers, wr_conf_port_set, wr_conf_sipkeys, wr_conf_md5;

/*
 * The key that one of `commands` knows by that name, and its number, counted through all
 * groups; NULL: there is none. Two commands may each have a key of one name.
 */
const struct wr_conf_key *wr_conf_find(const char *name, unsigned commands, unsigned *number);

#define WR_CONF_ANY (~0u) /* command */

/* The command's name that is most like the given one, or NULL if none is near. */
const char *wr_conf_nearest(const char *name, unsigned commands);

/* "serve, load": the commands of a key. */
const char *wr_conf_commands_format(unsigned commands, char *buf, size_t size);

/* "--gateway", or "lab.conf:12: gateway": how a message names the value of that key. */
const char *wr_conf_where(const struct wr_conf *conf, const char *name, char *buf, size_t size);

/* Options of connections; nodelay: when nagle is auto. */
void wr_conf_options(const struct wr_conf *conf, bool nodelay, struct wr_tcp_options *options);

static inline const void *wr_conf_at(const struct wr_conf *conf, const struct wr_conf_key *key)
{
	return (const char *)conf + key->offset;
}

/* What a target says. */
struct wr_conf_target {
	uint32_t addr; /* host order */
	uint16_t port; /* 0: not said */
	bool http;     /* it is a URL */
	char path[256];
};

/* Reads ADDR, ADDR:PORT or http://ADDR[:PORT][/PATH]. Returns 0, -EINVAL or -E2BIG. */
int wr_conf_target_parse(const char *text, struct wr_conf_target *target);

bool wr_conf_port_set_has(const struct wr_conf_port_set *set, uint16_t port);

/* Whether the CPU list "0-3,8" can be read; *cpus is how many it names. */
bool wr_conf_read_cpus(const char *text, unsigned *cpus);

#endif /* WR_CONF_KEYS_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wr_base.h"
#include "wr_impair.h"

/* The text of --impair: NAME=VALUE items between commas. */

#define ITEM_BYTES   64      /* of one item, its end included */
#define MICRO        1000000 /* a decimal number is read in millionths */
#define HOLD_PRESET  WR_MS(1)
#define QUEUE_PRESET (256u << 10)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit chances[] = {{"%", WR_IMPAIR_ALL / 100}, {NULL, 0}};
static const struct unit times[] = {
	{"ns", 1}, {"us", WR_US(1)}, {"ms", WR_MS(1)}, {"s", WR_S(1)}, {NULL, 0},
};
static const struct unit rates[] = {
	{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
};
static const struct unit sizes[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {NULL, 0}};
static const struct unit counts[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {NULL, 0}};

/*
 * Reads a decimal number with up to six places and the unit behind it. Returns what
 * follows, or NULL if it is none. *micro is in millionths, below 10^18.
 */
static const char *read_decimal(const char *p, uint64_t *micro, char unit[4])
{
	uint64_t whole = 0, part = 0, place = MICRO / 10;
	unsigned letters = 0;

	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole >= (uint64_t)MICRO * MICRO)
			return NULL;
	}
	if (*p == '.' && !isdigit((unsigned char)*++p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++, place /= 10) {
		if (place == 0)
			return NULL;
		part += place * (uint64_t)(*p - '0');
	}
	for (; (isalpha((unsigned char)*p) || *p == '%') && letters < 3; p++)
		unit[letters++] = *p;
	unit[letters] = '\0';
	*micro = whole * MICRO + part;
	return p;
}

/* A number of whole smallest units, up to max. Returns what follows, or NULL. */
static const char *read_units(const char *p, const struct unit *unit, uint64_t max,
                              uint64_t *out)
{
	char name[4];
	uint64_t micro, part;

	p = read_decimal(p, &micro, name);
	if (!p)
		return NULL;
	while (unit->name && strcmp(unit->name, name) != 0)
		unit++;
	if (!unit->name || micro / MICRO > max / unit->factor)
		return NULL;
	part = micro % MICRO * unit->factor;
	*out = micro / MICRO * unit->factor + part / MICRO;
	return part % MICRO == 0 && *out <= max ? p : NULL;
}

static const char *read_chance(const char *p, uint32_t *out)
{
	uint64_t n;

	p = read_units(p, chances, WR_IMPAIR_ALL, &n);
	if (p)
		*out = (uint32_t)n;
	return p;
}

static const char *read_time(const char *p, uint64_t *out)
{
	return read_units(p, times, WR_IMPAIR_TIME_MAX, out);
}

static bool is_end(const char *p)
{
	return p && *p == '\0';
}

/* ---- items ---- */

static bool read_loss(const char *p, struct wr_impair_conf *conf)
{
	return is_end(read_chance(p, &conf->loss));
}

static bool read_burst(const char *p, struct wr_impair_conf *conf)
{
	p = read_chance(p, &conf->burst_begin);
	return p && *p == '/' && is_end(read_chance(p + 1, &conf->burst_end)) &&
	       conf->burst_end > 0;
}

static bool read_delay(const char *p, struct wr_impair_conf *conf)
{
	static const char *const marks[] = {"±", "+-"};

	p = read_time(p, &conf->delay_ns);
	for (unsigned i = 0; p && i < WR_LEN(marks); i++)
		if (strncmp(p, marks[i], strlen(marks[i])) == 0)
			return is_end(read_time(p + strlen(marks[i]), &conf->jitter_ns)) &&
			       conf->jitter_ns <= conf->delay_ns;
	return is_end(p);
}

static bool read_reorder(const char *p, struct wr_impair_conf *conf)
{
	conf->hold_ns = HOLD_PRESET;
	p = read_chance(p, &conf->reorder);
	if (p && *p == '/')
		p = read_time(p + 1, &conf->hold_ns);
	return is_end(p);
}

static bool read_duplicate(const char *p, struct wr_impair_conf *conf)
{
	return is_end(read_chance(p, &conf->duplicate));
}

static bool read_corrupt(const char *p, struct wr_impair_conf *conf)
{
	return is_end(read_chance(p, &conf->corrupt));
}

static bool read_mark(const char *p, struct wr_impair_conf *conf)
{
	return is_end(read_chance(p, &conf->mark));
}

static bool read_rate(const char *p, struct wr_impair_conf *conf)
{
	return is_end(read_units(p, rates, WR_IMPAIR_RATE_MAX, &conf->rate_bps)) &&
	       conf->rate_bps >= 1000;
}

static bool read_queue(const char *p, struct wr_impair_conf *conf)
{
	uint64_t n = 0;
	bool good = is_end(read_units(p, sizes, WR_IMPAIR_QUEUE_MAX, &n));

	conf->queue_bytes = (uint32_t)n;
	return good && n > 0;
}

static bool read_limit(const char *p, struct wr_impair_conf *conf)
{
	uint64_t n = 0;
	bool good = is_end(read_units(p, counts, WR_IMPAIR_LIMIT_MAX, &n));

	conf->limit = (uint32_t)n;
	return good && n >= WR_IMPAIR_LIMIT_MIN;
}

#define CHANCE "a percentage from 0% to 100% in steps of 0.0001%, such as "

static const struct item {
	const char *name, *wanted;
	bool (*read)(const char *text, struct wr_impair_conf *conf);
} items[] = {
	{"loss", CHANCE "1%", read_loss},
	{"burst", "the chances that a burst of loss begins and ends, such as 1%/25%",
         read_burst},
	{"delay",
         "a time up to 60s and a jitter that is no longer, such as 20ms, 20ms±5ms or "
         "20ms+-5ms",
         read_delay},
	{"reorder", "a percentage and a time up to 60s, such as 2% or 2%/1ms", read_reorder},
	{"duplicate", CHANCE "1%", read_duplicate},
	{"corrupt", CHANCE "0.1%", read_corrupt},
	{"rate", "bits per second from 1k to 400G, such as 100M", read_rate},
	{"queue", "a number of bytes up to 256M, such as 64K", read_queue},
	{"ecn", CHANCE "5%", read_mark},
	{"limit", "a number of frames from 64 to 1048576, such as 4k", read_limit},
};

static int read_item(const char *text, struct wr_impair_conf *conf, unsigned *seen,
                     struct wr_err *err)
{
	size_t name = strcspn(text, "=");

	for (unsigned i = 0; i < WR_LEN(items); i++) {
		if (strlen(items[i].name) != name || strncmp(items[i].name, text, name) != 0)
			continue;
		if (*seen & 1u << i)
			return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
			                  "%s is given twice; give it once", items[i].name);
		*seen |= 1u << i;
		if (text[name] == '=' && items[i].read(text + name + 1, conf))
			return 0;
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "'%s' cannot be; give %s", text,
		                  items[i].wanted);
	}
	return wr_err_set(
		err, WR_EXIT_USAGE, -EINVAL,
		"'%s' is no impairment; write loss=, burst=, delay=, reorder=, "
		"duplicate=, corrupt=, rate=, queue=, ecn= or limit= with a value, or "
		"none alone",
		text);
}

int wr_impair_parse(const char *text, struct wr_impair_conf *conf, struct wr_err *err)
{
	unsigned seen = 0;
	int rc = 0;

	*conf = (struct wr_impair_conf) {0};
	if (strcmp(text, "none") == 0)
		return 0;
	for (bool more = true; more && rc == 0;) {
		char item[ITEM_BYTES];
		size_t length = strcspn(text, ",");

		snprintf(item, sizeof(item), "%.*s", (int)length, text);
		rc = read_item(item, conf, &seen, err);
		more = text[length] == ',';
		text += length + more;
	}
	if (rc == 0 && conf->queue_bytes && !conf->rate_bps)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EINVAL,
			"queue is that of rate; give rate=BITS too, such as rate=100M");
	if (conf->rate_bps && !conf->queue_bytes)
		conf->queue_bytes = QUEUE_PRESET;
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

/* Values that only a load takes: rates, sizes, targets, schedules. */

/* Reads a decimal number with one unit of the kind. */
static int read_real(const struct wr_conf_kind *kind, const char *text, double *out)
{
	char *end;
	double n;

	/* strtod() would take signs, "inf" and hexadecimal numbers too. */
	if (!strchr("0123456789.", text[0]) || !text[0] || strpbrk(text, "xX"))
		return -EINVAL;
	n = strtod(text, &end);
	if (end == text || !isfinite(n))
		return -EINVAL;
	for (const struct wr_conf_unit *u = kind->units; u->suffix; u++)
		if (strcmp(u->suffix, end) == 0) {
			*out = n * (double)u->factor;
			return 0;
		}
	return -EINVAL;
}

static int read_rate(const struct wr_conf_key *key, const char *text, void *at)
{
	double n = 0, min = 0, max = 0;
	int rc;

	if (!key->zero || strcmp(text, key->zero) != 0) {
		rc = read_real(key->kind, text, &n);
		if (rc < 0)
			return rc;
		read_real(key->kind, key->min, &min);
		read_real(key->kind, key->max, &max);
		if (n < min || n > max)
			return -ERANGE;
	}
	memcpy(at, &n, sizeof(n));
	return 0;
}

/* In the largest unit of which there is one. */
static bool write_rate(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	const struct wr_conf_unit *u = key->kind->units;
	double n;

	memcpy(&n, at, sizeof(n));
	if (n == 0) {
		snprintf(buf, size, "%s", key->zero ? key->zero : "0");
		return i == 0;
	}
	while (u->factor > 1 && n < (double)u->factor)
		u++;
	snprintf(buf, size, "%.15g%s", n / (double)u->factor, u->suffix);
	return i == 0;
}

static const struct wr_conf_unit rate_units[] = {
	{"G", 1000000000}, {"M", 1000000},  {"k", 1000},     {"", 1},   {"K", 1000},
	{"Ki", 1 << 10},   {"Mi", 1 << 20}, {"Gi", 1 << 30}, {NULL, 0},
};

const struct wr_conf_kind wr_conf_rate = {
	"#[k|M|G]", "a number a second, such as 500, 300k or 1.5M", read_rate, write_rate, NULL,
	rate_units,
};

static const struct wr_conf_unit bitrate_units[] = {
	{"Gbps", 1000000000}, {"Mbps", 1000000},       {"kbps", 1000},     {"bps", 1},
	{"G", 1000000000},    {"M", 1000000},          {"k", 1000},        {"", 1},
	{"K", 1000},          {"Kbps", 1000},          {"Ki", 1 << 10},    {"Mi", 1 << 20},
	{"Gi", 1 << 30},      {"Kibps", 1 << 10},      {"Mibps", 1 << 20}, {"Gibps", 1 << 30},
	{"T", 1000000000000}, {"Tbps", 1000000000000}, {NULL, 0},
};

const struct wr_conf_kind wr_conf_bitrate = {
	"#[k|M|G]bps", "a number of bits a second, such as 500kbps, 100M or 9.4Gbps",
	read_rate,     write_rate,
	NULL,          bitrate_units,
};

/* Sizes of messages. */

#define MESSAGE_MOST (1u << 30) /* bytes */

static int read_sizes(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_sizes sizes = {.most = 0};
	int rc;

	if (!key->zero || strcmp(text, key->zero) != 0) {
		rc = wr_sizes_parse(text, MESSAGE_MOST, &sizes);
		if (rc < 0)
			return -EINVAL;
	}
	memcpy(at, &sizes, sizeof(sizes));
	return 0;
}

static bool write_sizes(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                        size_t size)
{
	const struct wr_sizes *sizes = at;

	if (key->zero && sizes->kind == WR_SIZES_FIXED && sizes->most == 0)
		snprintf(buf, size, "%s", key->zero);
	else
		wr_sizes_format(sizes, buf, (unsigned)size);
	return i == 0;
}

const struct wr_conf_kind wr_conf_sizes = {
	"SIZES",
	"sizes of up to 1G, such as 64, 64-1400, 64:7,576:4,1500:1, normal:1000,200, exp:1000 "
	"or "
	"pareto:1.2,100",
	read_sizes,
	write_sizes,
	NULL,
	NULL,
};

static int read_schedule(const struct wr_conf_key *key, const char *text, void *at)
{
	return wr_schedule_parse(text, at);
}

static bool write_schedule(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                           size_t size)
{
	wr_schedule_format(at, buf, (unsigned)size);
	return i == 0;
}

const struct wr_conf_kind wr_conf_schedule = {
	"SHAPE",
	"a shape of the rates: constant, step:10s=50%,10s=100%, sine:60s,50% or "
	"burst:10ms/90ms",
	read_schedule,
	write_schedule,
	NULL,
	NULL,
};

static bool write_text(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	const char *text = at;

	snprintf(buf, size, "%s", text);
	return i == 0 && text[0];
}

static int keep_text(const struct wr_conf_key *key, const char *text, void *at)
{
	size_t length = strlen(text);

	if (length >= key->size)
		return -E2BIG;
	memcpy(at, text, length + 1);
	return 0;
}

static int read_target(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_target target;
	int rc = wr_conf_target_parse(text, &target);

	return rc < 0 ? rc : keep_text(key, text, at);
}

const struct wr_conf_kind wr_conf_target = {
	"TARGET",
	"an address (names are not resolved, and there is no TLS), such as 198.18.0.1, "
	"198.18.0.1:7 or http://198.18.0.1/path",
	read_target,
	write_text,
	NULL,
	NULL,
};

static int read_payload(const struct wr_conf_key *key, const char *text, void *at)
{
	static const char *const words[] = {"pattern", "random", "zero"};
	bool known = strncmp(text, "file:", 5) == 0 && text[5];

	for (size_t i = 0; i < WR_LEN(words); i++)
		known |= strcmp(words[i], text) == 0;
	return known ? keep_text(key, text, at) : -EINVAL;
}

const struct wr_conf_kind wr_conf_payload = {
	"WORD", "pattern, random, zero or file:PATH", read_payload, write_text, NULL, NULL,
};

/* Source ports. */

static int read_port_range(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_port_range range;
	unsigned low, high;
	int end = 0;

	if (sscanf(text, "%5u-%5u%n", &low, &high, &end) != 2 || text[end])
		return -EINVAL;
	if (low < 1 || high > UINT16_MAX || low > high)
		return -EINVAL;
	range = (struct wr_conf_port_range) {(uint16_t)low, (uint16_t)high};
	memcpy(at, &range, sizeof(range));
	return 0;
}

static bool write_port_range(const struct wr_conf_key *key, const void *at, unsigned i,
                             char *buf, size_t size)
{
	const struct wr_conf_port_range *range = at;

	snprintf(buf, size, "%u-%u", range->low, range->high);
	return i == 0;
}

const struct wr_conf_kind wr_conf_port_range = {
	"LOW-HIGH",
	"a range of ports, such as 1024-65535",
	read_port_range,
	write_port_range,
	NULL,
	NULL,
};

/* A file that is written at the end; the option alone means standard output. */

static int read_output(const struct wr_conf_key *key, const char *text, void *at)
{
	if (strcmp(text, "off") == 0)
		text = "";
	return keep_text(key, strcmp(text, "on") ? text : "-", at);
}

const struct wr_conf_kind wr_conf_output = {
	"[=FILE]", "a file's path, or -", read_output, write_text, NULL, NULL,
};

/* Texts, one a use. */

static int read_texts(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_text_list *list = at;

	if (list->count == WR_CONF_TEXTS || strlen(text) >= sizeof(list->text[0]))
		return -E2BIG;
	if (text[0] == '\0' || strpbrk(text, "\n\r"))
		return -EINVAL;
	strcpy(list->text[list->count++], text);
	return 0;
}

static bool write_texts(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                        size_t size)
{
	const struct wr_conf_text_list *list = at;

	if (i >= list->count)
		return false;
	snprintf(buf, size, "%s", list->text[i]);
	return true;
}

static void clear_texts(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_text_list));
}

const struct wr_conf_kind wr_conf_thresholds = {
	"'X<Y'",     "a threshold, such as 'p99<50us' or 'rps>=1M'",
	read_texts,  write_texts,
	clear_texts, NULL,
};

static int read_headers(const struct wr_conf_key *key, const char *text, void *at)
{
	const char *colon = strchr(text, ':');

	return colon && colon > text ? read_texts(key, text, at) : -EINVAL;
}

const struct wr_conf_kind wr_conf_headers = {
	"'NAME: X'",  "a header line, such as 'Accept: text/html'",
	read_headers, write_texts,
	clear_texts,  NULL,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include "keys.h"

/* Values of one item: numbers, switches, choices, texts. Lists are in lists.c. */

/* Reads digits and one unit of the kind: no sign, no blank, no fraction. */
static int read_units(const struct wr_conf_kind *kind, const char *text, uint64_t *out)
{
	const char *p = text;
	uint64_t n = 0;

	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return -ERANGE;
	if (p == text)
		return -EINVAL;
	if (n == 0 && *p == '\0') {
		*out = 0;
		return 0;
	}
	for (const struct wr_conf_unit *u = kind->units; u->suffix; u++)
		if (strcmp(u->suffix, p) == 0)
			return __builtin_mul_overflow(n, u->factor, out) ? -ERANGE : 0;
	return -EINVAL;
}

static int read_number(const struct wr_conf_key *key, const char *text, void *at)
{
	uint64_t n = 0, min = 0, max = 0;
	int rc;

	if (key->zero && strcmp(text, key->zero) == 0)
		goto store;
	rc = read_units(key->kind, text, &n);
	if (rc < 0)
		return rc;
	read_units(key->kind, key->min, &min);
	read_units(key->kind, key->max, &max);
	if ((n < min || n > max) && !(key->zero && n == 0))
		return -ERANGE;
store:
	memcpy(at, &n, sizeof(n));
	return 0;
}

/* The largest unit that leaves no fraction. */
static bool write_number(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                         size_t size)
{
	const struct wr_conf_unit *u = key->kind->units;
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	if (n == 0) {
		snprintf(buf, size, "%s", key->zero ? key->zero : "0");
		return i == 0;
	}
	while (u[1].suffix && n % u->factor)
		u++;
	snprintf(buf, size, "%llu%s", (unsigned long long)(n / u->factor), u->suffix);
	return i == 0;
}

static const struct wr_conf_unit count_units[] = {
	{"G", 1000000000}, {"M", 1000000},  {"k", 1000},     {"", 1},   {"K", 1000},
	{"Ki", 1 << 10},   {"Mi", 1 << 20}, {"Gi", 1 << 30}, {NULL, 0},
};

const struct wr_conf_kind wr_conf_count = {
	"#[k|M]",    "a count, such as 4096, 64k or 1M", read_number, write_number, NULL,
	count_units,
};

static const struct wr_conf_unit byte_units[] = {
	{"G", 1 << 30},  {"M", 1 << 20},  {"K", 1 << 10},  {"", 1},   {"k", 1 << 10},
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {NULL, 0},
};

const struct wr_conf_kind wr_conf_bytes = {
	"#[K|M|G]",  "a number of bytes, such as 65536, 256K or 64M",
	read_number, write_number,
	NULL,        byte_units,
};

static const struct wr_conf_unit time_units[] = {
	{"h", 3600000000}, {"min", 60000000}, {"s", 1000000},
	{"ms", 1000},      {"us", 1},         {NULL, 0},
};

const struct wr_conf_kind wr_conf_duration = {
	"#unit",     "a duration, such as 200us, 40ms, 2s, 15min or 1h",
	read_number, write_number,
	NULL,        time_units,
};

static int read_bool(const struct wr_conf_key *key, const char *text, void *at)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"on", true},   {"yes", true}, {"true", true},   {"1", true},
		{"off", false}, {"no", false}, {"false", false}, {"0", false},
	};

	for (size_t i = 0; i < WR_LEN(words); i++)
		if (strcmp(words[i].word, text) == 0) {
			memcpy(at, &words[i].value, sizeof(bool));
			return 0;
		}
	return -EINVAL;
}

static bool write_bool(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	snprintf(buf, size, "%s", *(const bool *)at ? "on" : "off");
	return i == 0;
}

const struct wr_conf_kind wr_conf_bool = {
	"[on|off]", "on or off", read_bool, write_bool, NULL, NULL,
};

static int read_choice(const struct wr_conf_key *key, const char *text, void *at)
{
	for (unsigned i = 0; key->choices[i]; i++)
		if (strcmp(key->choices[i], text) == 0) {
			memcpy(at, &i, sizeof(i));
			return 0;
		}
	return -EINVAL;
}

static bool write_choice(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                         size_t size)
{
	unsigned choice;

	memcpy(&choice, at, sizeof(choice));
	snprintf(buf, size, "%s", key->choices[choice]);
	return i == 0;
}

/* What is wanted is listed from the choices themselves. */
const struct wr_conf_kind wr_conf_choice = {
	"WORD", NULL, read_choice, write_choice, NULL, NULL,
};

static int read_text(const struct wr_conf_key *key, const char *text, void *at)
{
	size_t length = strlen(text);

	if (length >= key->size)
		return -E2BIG;
	if (strpbrk(text, "\n\r"))
		return -EINVAL;
	memcpy(at, text, length + 1);
	return 0;
}

static bool write_text(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	const char *text = at;

	snprintf(buf, size, "%s", text);
	return i == 0 && text[0];
}

const struct wr_conf_kind wr_conf_text = {
	"TEXT", "text on one line", read_text, write_text, NULL, NULL,
};

/* Options of another program: the value may begin with dashes. */
const struct wr_conf_kind wr_conf_words = {
	"'ARGS'", "arguments on one line", read_text, write_text, NULL, NULL,
};

/* Items of lib/impair, read by wr_conf_impair(): the check says what is wrong with which. */
const struct wr_conf_kind wr_conf_impairments = {
	"SPEC",    "a list of impairments, such as loss=1%,delay=20ms, or none",
	read_text, write_text,
	NULL,      NULL,
};

/* Reads a number up to max at *p and moves *p behind it. */
static bool read_small(const char **p, unsigned max, unsigned *out)
{
	unsigned n = 0;
	const char *first = *p;

	for (; isdigit((unsigned char)**p); (*p)++) {
		n = n * 10 + (unsigned)(**p - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return *p > first;
}

bool wr_conf_read_cpus(const char *text, unsigned *cpus)
{
	const char *p = text;

	*cpus = 0;
	for (;;) {
		unsigned first, last;

		if (!read_small(&p, 4095, &first))
			return false;
		last = first;
		if (*p == '-' && (p++, !read_small(&p, 4095, &last)))
			return false;
		if (last < first)
			return false;
		*cpus += last - first + 1;
		if (*p == '\0')
			return true;
		if (*p++ != ',')
			return false;
	}
}

static int read_cpus(const struct wr_conf_key *key, const char *text, void *at)
{
	unsigned cpus;

	return wr_conf_read_cpus(text, &cpus) ? read_text(key, text, at) : -EINVAL;
}

const struct wr_conf_kind wr_conf_cpus = {
	"LIST", "a list of CPUs, such as 2-5,8", read_cpus, write_text, NULL, NULL,
};

static int read_cc(const struct wr_conf_key *key, const char *text, void *at)
{
	return wr_cc_read(text, at) ? 0 : -EINVAL;
}

static bool write_cc(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                     size_t size)
{
	const struct wr_cc_choice *choice = at;

	wr_cc_write(choice, buf, size);
	return i == 0 && choice->ops;
}

const struct wr_conf_kind wr_conf_cc = {
	"NAME",  "cubic, reno, dctcp, bbr or fixed:SEGMENTS (1 to 65535)",
	read_cc, write_cc,
	NULL,    NULL,
};

static int read_addr(const struct wr_conf_key *key, const char *text, void *at)
{
	struct in_addr in;
	uint32_t addr;

	if (inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	addr = ntohl(in.s_addr);
	memcpy(at, &addr, sizeof(addr));
	return 0;
}

static bool write_addr(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                       size_t size)
{
	uint32_t addr;
	struct in_addr in;

	memcpy(&addr, at, sizeof(addr));
	in.s_addr = htonl(addr);
	inet_ntop(AF_INET, &in, buf, (socklen_t)size);
	return i == 0 && addr;
}

const struct wr_conf_kind wr_conf_addr = {
	"ADDR", "an IPv4 address, such as 198.18.0.254", read_addr, write_addr, NULL, NULL,
};

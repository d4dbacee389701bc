/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

/* Fast Open and signatures. Keys are secrets: they are read and never written. */

static bool read_port(const char *text, char end, uint16_t *port, const char **rest)
{
	char *stop;
	unsigned long n;

	if (!isdigit((unsigned char)text[0]))
		return false;
	n = strtoul(text, &stop, 10);
	*rest = stop;
	*port = (uint16_t)n;
	return n > 0 && n <= UINT16_MAX && (*stop == end || *stop == '\0');
}

/* ---- ports, or all of them ---- */

static int read_port_set(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_port_set *set = at;

	if (strcmp(text, "none") == 0)
		return 0;
	if (strcmp(text, "all") == 0) {
		set->all = true;
		return 0;
	}
	while (*text) {
		uint16_t port;

		if (!read_port(text, ',', &port, &text))
			return -EINVAL;
		if (set->count == WR_STACK_SERVICES)
			return -E2BIG;
		set->port[set->count++] = port;
		if (*text == ',' && *++text == '\0')
			return -EINVAL;
	}
	return set->count ? 0 : -EINVAL;
}

static bool write_port_set(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                           size_t size)
{
	const struct wr_conf_port_set *set = at;

	if (i == 0 && (set->all || set->count == 0)) {
		snprintf(buf, size, set->all ? "all" : "none");
		return true;
	}
	if (i >= set->count)
		return false;
	snprintf(buf, size, "%u", set->port[i]);
	return true;
}

static void clear_port_set(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_port_set));
}

bool wr_conf_port_set_has(const struct wr_conf_port_set *set, uint16_t port)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->port[i] == port)
			return true;
	return set->all;
}

const struct wr_conf_kind wr_conf_port_set = {
	"PORTS",        "a list of ports, such as 7,80, or all, or none",
	read_port_set,  write_port_set,
	clear_port_set, NULL,
};

/* ---- keys of cookies ---- */

/* Linux' form: four words of eight hexadecimal digits; little-endian, first to last. */
static bool read_sipkey(const char **text, struct wr_sipkey *out)
{
	uint64_t word[4];

	for (unsigned i = 0; i < 4; i++) {
		char *end;

		if (strspn(*text, "0123456789abcdefABCDEF") != 8)
			return false;
		word[i] = strtoul(*text, &end, 16);
		if (i < 3 && *end != '-')
			return false;
		*text = i < 3 ? end + 1 : end;
	}
	*out = (struct wr_sipkey) {word[1] << 32 | word[0], word[3] << 32 | word[2]};
	return true;
}

static int read_sipkeys(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_sipkeys out = {.count = 0};

	do {
		if (out.count == WR_LEN(out.key) || !read_sipkey(&text, &out.key[out.count++]))
			return -EINVAL;
	} while (*text == ',' && *++text);
	if (*text || text[-1] == ',')
		return -EINVAL;
	memcpy(at, &out, sizeof(out));
	return 0;
}

static bool write_nothing(const struct wr_conf_key *key, const void *at, unsigned i, char *buf,
                          size_t size)
{
	return false;
}

const struct wr_conf_kind wr_conf_sipkeys = {
	"KEY",
	"a key such as 00112233-44556677-8899aabb-ccddeeff, or the key and, behind a comma, "
	"that of "
	"before",
	read_sipkeys,
	write_nothing,
	NULL,
	NULL,
};

/* ---- keys of RFC 2385: PORT[@CIDR]=KEY ---- */

static int read_peers(char *text, struct wr_conf_md5_key *out)
{
	struct wr_conf_ip_list net = {.count = 0};
	char *at = strchr(text, '@');
	const char *rest;

	if (at)
		*at++ = '\0';
	if (!read_port(text, '\0', &out->port, &rest) || *rest)
		return -EINVAL;
	if (at && (wr_conf_cidrs.read(NULL, at, &net) < 0 || net.count != 1))
		return -EINVAL;
	out->net = net.addr[0];
	return 0;
}

static int read_md5(const struct wr_conf_key *key, const char *text, void *at)
{
	struct wr_conf_md5_list *list = at;
	struct wr_conf_md5_key out = {.port = 0};
	const char *equals = strchr(text, '=');
	size_t bytes = equals ? strlen(equals + 1) : 0;
	char peers[64];
	int rc;

	if (bytes == 0 || (size_t)(equals - text) >= sizeof(peers))
		return -EINVAL;
	if (bytes >= sizeof(out.key) || list->count == WR_STACK_MD5_KEYS)
		return -E2BIG;
	memcpy(peers, text, (size_t)(equals - text));
	peers[equals - text] = '\0';
	rc = read_peers(peers, &out);
	if (rc < 0)
		return rc;
	strcpy(out.key, equals + 1);
	list->key[list->count++] = out;
	return 0;
}

static void clear_md5(const struct wr_conf_key *key, void *at)
{
	memset(at, 0, sizeof(struct wr_conf_md5_list));
}

const struct wr_conf_kind wr_conf_md5 = {
	"PORT[@CIDR]=KEY",
	"the service's port, perhaps a network, and a key of 1 to 80 bytes, such as "
	"179@198.18.0.0/24=secret",
	read_md5,
	write_nothing,
	clear_md5,
	NULL,
};

/* ---- secrets in a command line ---- */

static bool is_secret(const char *option, size_t length)
{
	const struct wr_conf_key *key;
	unsigned number;
	char name[64];

	if (strncmp(option, "--", 2) != 0 || length - 2 >= sizeof(name))
		return false;
	memcpy(name, option + 2, length - 2);
	name[length - 2] = '\0';
	key = wr_conf_find(name, WR_CONF_ANY, &number);
	return key && (key->kind == &wr_conf_md5 || key->kind == &wr_conf_sipkeys);
}

const char *wr_conf_show_word(const char *before, const char *word, char *buf, size_t size)
{
	const char *equals = strchr(word, '=');

	if (before && is_secret(before, strlen(before)))
		return "***";
	if (!equals || !is_secret(word, (size_t)(equals - word)))
		return word;
	snprintf(buf, size, "%.*s=***", (int)(equals - word), word);
	return buf;
}

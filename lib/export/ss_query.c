/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wr_ss.h"

static const struct key {
	const char *name;
	size_t offset, size;
	uint32_t preset;
} keys[] = {
#define KEY(name, member, preset)                                                              \
	{                                                                                      \
		name, offsetof(struct wr_ss_query, member),                                    \
			sizeof(((struct wr_ss_query *)0)->member), preset                      \
	}
	KEY("core", core, 0),
	KEY("cursor", cursor, 0),
	KEY("skip", skip, 0),
	KEY("every", every, 1),
	KEY("states", filter.states, 0),
	KEY("local", filter.laddr, 0),
	KEY("local_mask", filter.lmask, 0),
	KEY("peer", filter.raddr, 0),
	KEY("peer_mask", filter.rmask, 0),
	KEY("sport", filter.lport, 0),
	KEY("dport", filter.rport, 0),
#undef KEY
};

static uint32_t get(const struct wr_ss_query *query, const struct key *key)
{
	const char *at = (const char *)query + key->offset;
	uint16_t n16;
	uint32_t n32;

	if (key->size == sizeof(n16)) {
		memcpy(&n16, at, sizeof(n16));
		return n16;
	}
	memcpy(&n32, at, sizeof(n32));
	return n32;
}

static void set(struct wr_ss_query *query, const struct key *key, uint32_t n)
{
	char *at = (char *)query + key->offset;
	uint16_t n16 = (uint16_t)n;

	if (key->size == sizeof(n16))
		memcpy(at, &n16, sizeof(n16));
	else
		memcpy(at, &n, sizeof(n));
}

void wr_ss_query_default(struct wr_ss_query *query)
{
	memset(query, 0, sizeof(*query));
	for (unsigned i = 0; i < WR_LEN(keys); i++)
		set(query, &keys[i], keys[i].preset);
}

int wr_ss_query_format(char *text, size_t size, const struct wr_ss_query *query)
{
	size_t len = 0;

	if (size)
		text[0] = '\0';
	for (unsigned i = 0; i < WR_LEN(keys); i++) {
		uint32_t n = get(query, &keys[i]);

		if (n == keys[i].preset)
			continue;
		len += (size_t)snprintf(len < size ? text + len : NULL,
		                        len < size ? size - len : 0, "%s%s=%u", len ? "," : "",
		                        keys[i].name, n);
	}
	return (int)len;
}

static const struct key *find(const char *name, size_t len)
{
	for (unsigned i = 0; i < WR_LEN(keys); i++)
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
			return &keys[i];
	return NULL;
}

int wr_ss_query_parse(struct wr_ss_query *query, const char *text)
{
	wr_ss_query_default(query);
	while (text && *text) {
		size_t len = strcspn(text, "=,");
		const struct key *key = find(text, len);
		unsigned long long n;
		char *end;

		if (!key || text[len] != '=' || text[len + 1] < '0' || text[len + 1] > '9')
			return -EINVAL;
		n = strtoull(text + len + 1, &end, 0);
		if ((*end && *end != ',') || n > (key->size == 2 ? UINT16_MAX : UINT32_MAX))
			return -EINVAL;
		set(query, key, (uint32_t)n);
		text = *end ? end + 1 : end;
	}
	return query->every ? 0 : -EINVAL;
}

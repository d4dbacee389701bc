/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wr_ss.h"

#define BIT(state) (1u << WR_TCP_##state)
#define ALL        ((1u << WR_TCP_STATE_COUNT) - 1)

/* As ss names states and sets of them. */
static const struct {
	const char *name;
	uint32_t states;
} words[] = {
	{"all", ALL},
	{"connected", ALL & ~(BIT(CLOSED) | BIT(LISTEN))},
	{"synchronized", ALL & ~(BIT(CLOSED) | BIT(LISTEN) | BIT(SYN_SENT))},
	{"bucket", BIT(SYN_RECEIVED) | BIT(TIME_WAIT)},
	{"big", ALL & ~(BIT(SYN_RECEIVED) | BIT(TIME_WAIT))},
	{"established", BIT(ESTABLISHED)},
	{"syn-sent", BIT(SYN_SENT)},
	{"syn-recv", BIT(SYN_RECEIVED)},
	{"syn-rcv", BIT(SYN_RECEIVED)},
	{"fin-wait-1", BIT(FIN_WAIT_1)},
	{"fin-wait-2", BIT(FIN_WAIT_2)},
	{"time-wait", BIT(TIME_WAIT)},
	{"closed", BIT(CLOSED)},
	{"close", BIT(CLOSED)},
	{"unconnected", BIT(CLOSED)},
	{"close-wait", BIT(CLOSE_WAIT)},
	{"last-ack", BIT(LAST_ACK)},
	{"listen", BIT(LISTEN)},
	{"listening", BIT(LISTEN)},
	{"closing", BIT(CLOSING)},
};

/* What ss shows when nobody says which states. */
#define SHOWN_BY_DEFAULT                                                                       \
	(ALL & ~(BIT(CLOSED) | BIT(LISTEN) | BIT(TIME_WAIT) | BIT(SYN_RECEIVED)))

static int states_of(const char *word, uint32_t *states, struct wr_err *err)
{
	for (size_t i = 0; i < WR_LEN(words); i++)
		if (strcasecmp(words[i].name, word) == 0) {
			*states = words[i].states;
			return 0;
		}
	return wr_err_set(
		err, WR_EXIT_USAGE, -EINVAL,
		"state %s: this is no TCP state; say established, syn-sent, syn-recv, "
		"fin-wait-1, fin-wait-2, time-wait, close-wait, last-ack, closing, listening, "
		"connected, synchronized, bucket, big or all.",
		word);
}

static int parse_port(const char *text, uint16_t *port)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n == 0 || n > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

static int parse_address(char *text, uint32_t *addr, uint32_t *mask)
{
	char *slash = strchr(text, '/');
	struct in_addr in;
	unsigned long bits = 32;
	char *end;

	if (slash) {
		*slash = '\0';
		bits = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || *end || bits > 32)
			return -EINVAL;
	}
	if (inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	*mask = bits ? UINT32_MAX << (32 - bits) : 0;
	*addr = ntohl(in.s_addr) & *mask;
	return 0;
}

/* ADDR, ADDR/N, ADDR:PORT, ADDR/N:PORT, :PORT; * for any. */
static int parse_end(const char *text, uint32_t *addr, uint32_t *mask, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	char host[32];

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (colon && strcmp(colon + 1, "*") != 0 && parse_port(colon + 1, port) < 0)
		return -EINVAL;
	if (len == 0 || strcmp(host, "*") == 0)
		return 0;
	return parse_address(host, addr, mask);
}

/* The words that are left, taken one by one. */
struct words {
	int left;
	char *const *next;
};

static const char *take(struct words *w)
{
	if (!w->left)
		return NULL;
	w->left--;
	return *w->next++;
}

static bool is_equals(const char *word)
{
	return strcmp(word, "=") == 0 || strcmp(word, "==") == 0 || strcmp(word, "eq") == 0;
}

/* "sport = :7", "sport eq 7", "sport :7". */
static int take_port(struct words *w, const char *key, uint16_t *port, struct wr_err *err)
{
	const char *word = take(w);

	if (word && is_equals(word))
		word = take(w);
	if (word && *word == ':')
		word++;
	if (!word || parse_port(word, port) < 0)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%s: a port from 1 to 65535 must follow, as in %s = :7.", key,
		                  key);
	return 0;
}

static int take_end(struct words *w, const char *key, uint32_t *addr, uint32_t *mask,
                    uint16_t *port, struct wr_err *err)
{
	const char *word = take(w);

	if (word && is_equals(word))
		word = take(w);
	if (!word || parse_end(word, addr, mask, port) < 0)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%s: an IPv4 address must follow, as in %s 198.18.0.2, %s "
		                  "198.18.0.0/24:7 or %s :7.",
		                  key, key, key, key);
	return 0;
}

static int take_states(struct words *w, const char *key, uint32_t *states, struct wr_err *err)
{
	const char *word = take(w);

	if (!word)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%s: a TCP state must follow, such as %s established.", key,
		                  key);
	return states_of(word, states, err);
}

/* What of the states was said. */
struct states {
	uint32_t wanted, unwanted;
};

static int take_term(struct words *w, const char *key, struct states *said,
                     struct wr_tcp_filter *f, struct wr_err *err)
{
	uint32_t states = 0;
	int rc;

	if (strcmp(key, "state") == 0) {
		rc = take_states(w, key, &states, err);
		said->wanted |= states;
		return rc;
	}
	if (strcmp(key, "exclude") == 0) {
		rc = take_states(w, key, &states, err);
		said->unwanted |= states;
		return rc;
	}
	if (strcmp(key, "src") == 0)
		return take_end(w, key, &f->laddr, &f->lmask, &f->lport, err);
	if (strcmp(key, "dst") == 0)
		return take_end(w, key, &f->raddr, &f->rmask, &f->rport, err);
	if (strcmp(key, "sport") == 0)
		return take_port(w, key, &f->lport, err);
	if (strcmp(key, "dport") == 0)
		return take_port(w, key, &f->rport, err);
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
	                  "%s: a filter is made of state, exclude, src, dst, sport and dport.",
	                  key);
}

int wr_ss_filter_parse(struct wr_tcp_filter *filter, bool all, bool listening, int argc,
                       char *const argv[], struct wr_err *err)
{
	struct words w = {argc, argv};
	struct states said = {0, 0};
	const char *key;

	memset(filter, 0, sizeof(*filter));
	while ((key = take(&w))) {
		int rc = 0;

		if (strcmp(key, "and") != 0 && strcmp(key, "&&") != 0)
			rc = take_term(&w, key, &said, filter, err);
		if (rc < 0)
			return rc;
	}
	if (said.wanted)
		filter->states = said.wanted;
	else if (all)
		filter->states = ALL;
	else
		filter->states = listening ? BIT(LISTEN) : SHOWN_BY_DEFAULT;
	filter->states &= ~said.unwanted;
	if (!filter->states)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "The filter excludes every state it asks for.");
	return 0;
}

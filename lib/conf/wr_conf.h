/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CONF_H
#define WR_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wr_err.h"
#include "wr_impair.h"
#include "wr_load.h"
#include "wr_stack.h"

/*
 * What the user asked for. One const table (keys.c) names every key; the command line
 * (--name value), the configuration file (name = value), --help, --print-config,
 * docs/configuration.md and the JSON echo all read it. Adding a key is a row of that table
 * and a member here.
 */

#define WR_CONF_PORTS 8
#define WR_CONF_KEYS  192 /* room for marks of origin */
#define WR_CONF_TEXT  256 /* bytes of a string value, its end included */

enum wr_conf_idle {
	WR_CONF_SPIN,     /* poll without rest */
	WR_CONF_ADAPTIVE, /* sleep when nothing comes, longer and longer */
};

enum wr_conf_nagle {
	WR_CONF_NAGLE_AUTO, /* as each service prefers */
	WR_CONF_NAGLE_ON,
	WR_CONF_NAGLE_OFF,
};

struct wr_conf_port_list {
	char spec[WR_CONF_PORTS][WR_CONF_TEXT];
	unsigned count;
};

struct wr_conf_ip_list {
	struct wr_ip_addr addr[WR_IP_ADDRS];
	unsigned count;
};

struct wr_conf_range_list {
	struct wr_ip_range range[WR_IP_RANGES];
	unsigned count;
};

struct wr_conf_listener {
	const struct wr_service *service;
	uint32_t addr; /* host order; 0: every own address */
	uint16_t port;
	bool tcp, udp;
	struct wr_cc_choice cc; /* ops NULL: that of all connections */
};

struct wr_conf_service_list {
	struct wr_conf_listener listener[WR_STACK_SERVICES];
	unsigned count;
};

struct wr_conf_endpoint {
	uint32_t addr; /* host order */
	uint16_t port; /* 0: none */
};

/* TCP ports of services. */
struct wr_conf_port_set {
	uint16_t port[WR_STACK_SERVICES];
	unsigned count;
	bool all;
};

struct wr_conf_sipkeys {
	struct wr_sipkey key[2]; /* the one in use, and that of before */
	unsigned count;          /* 0: none is given */
};

/* RFC 2385, of a service of ours or one that is loaded. */
struct wr_conf_md5_key {
	uint16_t port;
	struct wr_ip_addr net; /* the peers; prefix 0: all */
	char key[WR_TCP_MD5_BYTES + 1];
};

struct wr_conf_md5_list {
	struct wr_conf_md5_key key[WR_STACK_MD5_KEYS];
	unsigned count;
};

#define WR_CONF_TEXTS 16

struct wr_conf_text_list {
	char text[WR_CONF_TEXTS][128];
	unsigned count;
};

struct wr_conf_port_range {
	uint16_t low, high;
};

/* What a load is asked to do; wr_conf_load() makes the generator's configuration of it. */
struct wr_conf_load {
	char target[WR_CONF_TEXT]; /* "": not given */
	unsigned mode;             /* enum wr_load_mode */
	uint64_t connections;      /* at once; 0: not set */
	double cps, rps, pps;      /* 1/s; 0: not set */
	double bitrate;            /* bit/s; 0: not set */
	double syn_flood;          /* 1/s, beside the load; 0: none */
	uint64_t ramp_us, warmup_us;
	uint64_t duration_us; /* 0: 10 s, or until the requests are done */
	uint64_t requests;    /* 0: no limit */
	struct wr_schedule schedule;

	unsigned protocol;                 /* enum wr_load_protocol */
	unsigned direction;                /* enum wr_load_direction less 1 */
	struct wr_sizes request, response; /* response 0: as the request */
	uint64_t pipeline, think_us;
	char payload[WR_CONF_TEXT];
	bool verify;
	unsigned close, reconnect; /* enum wr_load_close, wr_load_reconnect */
	bool fastopen;
	struct wr_conf_port_range client_ports;
	uint64_t connect_timeout_us, response_timeout_us; /* 0: none */

	unsigned method; /* of HTTP: 0 GET, 1 POST */
	char host[128];
	struct wr_conf_text_list header;
	bool http_close;

	uint64_t wait_us; /* for the link and the target's ARP */
	uint64_t repeat, interval_us;
	struct wr_conf_text_list require;
	char json[WR_CONF_TEXT], csv[WR_CONF_TEXT], hgrm[WR_CONF_TEXT]; /* "": none */
	bool json_stream;
	char server_instance[64];
};

/* The commands that take keys: a key says which. */
enum wr_conf_command {
	WR_CONF_SERVE = 1,
	WR_CONF_LOAD = 2, /* and size, which says what a load needs, and demo */
	WR_CONF_IPERF3 = 4,
};

/* "serve"; of one command. */
const char *wr_conf_command_name(enum wr_conf_command command);

/* Where a value came from, for messages. */
struct wr_conf_origin {
	enum { WR_CONF_PRESET, WR_CONF_FILE, WR_CONF_OPTION } source;
	unsigned line; /* of the file */
};

struct wr_conf {
	enum wr_conf_command command;

	/* Network. */
	struct wr_conf_port_list port;
	struct wr_conf_ip_list ip;
	struct wr_conf_range_list client_ip; /* further own addresses, for clients */
	uint32_t gateway;                    /* host order; 0: none */
	uint64_t mtu;                        /* bytes of IP packet */
	uint64_t ttl, dscp;
	uint64_t arp_entries, arp_age_us;
	uint64_t reassemblies, icmp_errors_per_s;
	uint64_t paths, path_age_us;
	char driver_config[WR_CONF_TEXT]; /* "": the driver's own profile */
	char impair[WR_CONF_TEXT];        /* lib/impair's text; "": none */
	char impair_rx[WR_CONF_TEXT], impair_tx[WR_CONF_TEXT]; /* "": as impair */

	/* Cores and memory. */
	uint64_t cores; /* workers; 0: chosen */
	char lcores[WR_CONF_TEXT];
	unsigned idle;      /* enum wr_conf_idle */
	uint64_t mem_bytes; /* 0: what is needed */
	uint64_t bufs;      /* packet buffers a core; 0: chosen */
	bool no_huge;
	char instance[64];
	char eal[WR_CONF_TEXT];

	/* Services and the sizes of a core's tables. */
	struct wr_conf_service_list service;
	uint64_t connections, backlog, time_wait_entries, reorders;
	unsigned syn_cookies;                                 /* enum wr_tcp_cookies */
	uint64_t max_connections, max_connections_per_source; /* 0: no limit */

	/* TCP. */
	uint64_t rcv_buf, snd_buf;         /* bytes, at first */
	uint64_t rcv_buf_max, snd_buf_max; /* grown; 0: chosen */
	uint64_t held_bufs;                /* buffers; 0: three quarters of all */
	uint64_t evict_shut_us;            /* 0: as the command has it */
	uint64_t ooo_bytes, ooo_pieces;
	struct wr_cc_choice cc;
	uint64_t iw;           /* segments */
	uint64_t mss, mss_min; /* bytes; mss 0: MTU - 40 */
	bool timestamps, sack, window_scaling, idle_restart;
	bool timestamps_required, delack_fin, push_bursts, grow_half, grow_by_news;
	uint64_t window_scale; /* 0: as rcv_buf needs */
	uint64_t first_window; /* bytes; 0: as much as can be said */
	unsigned option_order; /* enum wr_tcp_option_order */
	uint64_t quick_acks, prompt_acks, slow_start_burst;
	uint64_t rto_slack_us;
	bool rack, tlp, tlp_recovery, tlp_no_sack, prr, frto, dsack;
	bool pacing;
	unsigned ecn;   /* enum wr_tcp_ecn */
	unsigned nagle; /* enum wr_conf_nagle */
	struct wr_conf_port_set fastopen_ports;
	struct wr_conf_sipkeys fastopen_key;
	uint64_t fastopen_pending;
	struct wr_conf_md5_list md5;
	uint64_t mtu_probing, mtu_base_mss, mtu_floor_mss;
	uint64_t challenges_per_s, resets_per_s;

	/* TCP's times. */
	uint64_t delack_us, dup_ack_delay_us;
	uint64_t rto_initial_us, rto_min_us, rto_max_us;
	uint64_t r1_rexmits;
	uint64_t r2_us, syn_r2_us;
	uint64_t synack_retries;
	uint64_t time_wait_us, time_wait_reuse_us, fin_wait2_us;
	uint64_t orphan_retries, orphans; /* 0: no limit */
	bool keepalive;
	uint64_t keepalive_idle_us, keepalive_interval_us, keepalive_probes;
	uint64_t user_timeout_us, idle_timeout_us, total_timeout_us, request_timeout_us;

	/* The load. */
	struct wr_conf_load load;

	/* Output and control. */
	struct wr_conf_endpoint metrics;
	uint64_t stats_interval_us; /* 0: no line */
	uint64_t drain_us;
	uint64_t seed; /* 0: from the system's random source */
	bool json, quiet, verbose;

	char file[WR_CONF_TEXT]; /* the configuration file; "": none */
	struct wr_conf_origin origin[WR_CONF_KEYS];
};

/*
 * A word of a command line as others may see it: the value of a key that is secret is "***".
 * before: the word before it, or NULL. Returns word, or a text in buf (64 bytes are enough) or
 * elsewhere.
 */
const char *wr_conf_show_word(const char *before, const char *word, char *buf, size_t size);

/* What the command line asks for. */
enum wr_conf_action {
	WR_CONF_RUN,
	WR_CONF_HELP,     /* --help */
	WR_CONF_PRINT,    /* --print-config: the merged result in file form */
	WR_CONF_MARKDOWN, /* --print-config=markdown: docs/configuration.md */
};

/* The defaults of that command; what belongs to others is zero. */
void wr_conf_default(struct wr_conf *conf, enum wr_conf_command command);

/*
 * Starts with the defaults of that command. Reads options, argv[1] to argv[argc - 1], over what
 * --config FILE says, over the defaults. Options are --name value or --name=value; a switch
 * alone means on. Lists (port, ip, service) grow with each use; the first use replaces what
 * came from below. Returns 0 and *action, or a negative errno and *err. Checks each value by
 * itself only: --help and --print-config must work on an unfinished configuration.
 */
int wr_conf_args(struct wr_conf *conf, enum wr_conf_command command, int argc,
                 char *const *argv, enum wr_conf_action *action, struct wr_err *err);

/* Reads `name = value` lines; # begins a comment. Returns 0, or a negative errno and *err. */
int wr_conf_file(struct wr_conf *conf, const char *path, struct wr_err *err);

/*
 * Sets one key. Returns 0; -ENOENT if the command has no such key, -EINVAL if the value cannot
 * be read, -ERANGE if it is out of bounds, -E2BIG if the list is full. On failure conf is as
 * before, and err->text says where, what is wrong and what to write.
 */
int wr_conf_set(struct wr_conf *conf, const struct wr_conf_origin *from, const char *name,
                const char *value, struct wr_err *err);

/* Whether file or command line say anything about that key. */
bool wr_conf_is_given(const struct wr_conf *conf, const char *name);

/* A sentence that begins with the place of that key. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int wr_conf_fail(const struct wr_conf *conf,
                                                       struct wr_err *err, const char *name,
                                                       const char *fmt, ...);

/* Finds contradictions between values. Returns 0, or -EINVAL and *err. */
int wr_conf_check(const struct wr_conf *conf, struct wr_err *err);

/* --help's list of options; --print-config; docs/configuration.md, which has all commands. */
void wr_conf_print_help(FILE *out, enum wr_conf_command command);
void wr_conf_print(FILE *out, const struct wr_conf *conf);
void wr_conf_print_markdown(FILE *out);

/* One value, as an echo of the configuration tells it. */
struct wr_conf_item {
	const char *name;
	const char *text; /* as it would be written in the file */
	enum { WR_CONF_AS_TEXT, WR_CONF_AS_NUMBER, WR_CONF_AS_SWITCH } form;
	uint64_t number; /* of a number or a switch */
	bool is_list;    /* one item of several */
};

/* The JSON echo, key by key, a list item by item; what is not set is left out. */
void wr_conf_echo(const struct wr_conf *conf,
                  void (*each)(void *ctx, const struct wr_conf_item *item), void *ctx);

/* "127.0.0.1:9464"; size of 22 is enough. */
void wr_conf_format_endpoint(const struct wr_conf_endpoint *endpoint, char *buf, size_t size);

/* Packet buffers of one core: what --bufs says, or a choice by the number of connections. */
unsigned wr_conf_bufs(const struct wr_conf *conf);

/*
 * What happens to frames of one direction, and in *key (may be NULL) the key that says so. Its
 * limit is what was asked for, or an eighth of the core's buffers. Returns 0, or -EINVAL and
 * *err; after wr_conf_check() always 0.
 */
int wr_conf_impair(const struct wr_conf *conf, enum wr_impair_side side,
                   struct wr_impair_conf *out, const char **key, struct wr_err *err);

/*
 * Fills what a stack takes from the configuration: addresses, TCP, services. Left to the
 * caller: MAC and offloads, pool, owner, core, inboxes, key, seed, cycles and socket.
 */
void wr_conf_stack(const struct wr_conf *conf, struct wr_stack_conf *stack);

/*
 * Makes the generator's configuration; payload files are left to the caller, which finds
 * their path behind "file:". Returns 0, or -EINVAL and *err.
 */
int wr_conf_load(const struct wr_conf *conf, struct wr_load_conf *load, struct wr_err *err);

/*
 * Chooses the sizes of a core's tables that the user left open, for that load spread over
 * `workers`.
 */
void wr_conf_size_load(struct wr_conf *conf, const struct wr_load_conf *load, unsigned workers);

#endif /* WR_CONF_H */

/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <string.h>

#include "keys.h"

static const char *const idles[] = {"spin", "adaptive", NULL};
static const char *const protocols[] = {"auto", "echo", "sized", NULL};
static const char *const directions[] = {"up", "down", "both", NULL};
static const char *const closes[] = {"fin", "server", "reset", NULL};
static const char *const reconnects[] = {"never", "now", "backoff", NULL};
static const char *const methods[] = {"GET", "POST", NULL};
static const char *const option_orders[] = {"linux", "freebsd", NULL};
static const char *const nagles[] = {"auto", "on", "off", NULL};
static const char *const cookies[] = {"never", "auto", "always", NULL};
static const char *const ecns[] = {"off",       "passive",        "on", "accecn",
                                   "accecn-on", "accecn-passive", NULL};
static const char *const mtu_probings[] = {"off", "black-hole", "always", NULL};

/* Who takes a key. */
#define SERVE  WR_CONF_SERVE
#define LOAD   WR_CONF_LOAD
#define IPERF3 WR_CONF_IPERF3
#define LISTEN (SERVE | IPERF3)
#define STACK  (SERVE | LOAD | IPERF3)

#define M(m) offsetof(struct wr_conf, m), sizeof(((struct wr_conf *)0)->m)
#define NUMBER(commands, kind, name, lo, hi, preset, zero, member, help)                       \
	{                                                                                      \
		name, commands, &wr_conf_##kind, lo, hi, preset, zero, NULL, M(member), help,  \
			false                                                                  \
	}
#define SWITCH(commands, name, preset, member, help)                                           \
	{                                                                                      \
		name, commands, &wr_conf_bool, NULL, NULL, preset, NULL, NULL, M(member),      \
			help, false                                                            \
	}
#define VALUE(commands, kind, name, preset, member, help)                                      \
	{                                                                                      \
		name, commands, &wr_conf_##kind, NULL, NULL, preset, NULL, NULL, M(member),    \
			help, false                                                            \
	}
#define ZEROED(commands, kind, name, preset, zero, member, help)                               \
	{                                                                                      \
		name, commands, &wr_conf_##kind, NULL, NULL, preset, zero, NULL, M(member),    \
			help, false                                                            \
	}
#define CHOICE(commands, name, choices, preset, member, help)                                  \
	{                                                                                      \
		name, commands, &wr_conf_choice, NULL, NULL, preset, NULL, choices, M(member), \
			help, false                                                            \
	}
#define SHORT(commands, name, help)                                                            \
	{                                                                                      \
		name, commands, &wr_conf_service_ports, NULL, NULL, NULL, NULL, NULL,          \
			M(service), help, true                                                 \
	}
#define END                                                                                    \
	{                                                                                      \
		.name = NULL                                                                   \
	}

/* clang-format off */
static const struct wr_conf_key network[] = {
	VALUE(STACK, ports, "port", NULL, port,
	      "Device: PCI address, tap:, afpacket:, xdp:, memif:, vhost:, virtio-user:, or a vdev"),
	VALUE(STACK, cidrs, "ip", NULL, ip, "Own address and network; may be given several times"),
	VALUE(LOAD | IPERF3, ranges, "client-ip", NULL, client_ip,
	      "Further own addresses, for connections that are opened from here"),
	VALUE(STACK, addr, "gateway", NULL, gateway, "Next hop to hosts that are on no network of ours"),
	NUMBER(STACK, count, "mtu", "576", "9216", "1500", NULL, mtu, "Bytes of an IP packet, at most"),
	VALUE(STACK, text, "driver-config", NULL, driver_config,
	      "Profile of the driver (.ini) instead of the built-in one"),
	NUMBER(STACK, count, "ttl", "1", "255", "64", NULL, ttl, "Time to live of packets sent"),
	NUMBER(STACK, count, "dscp", "0", "63", "0", NULL, dscp, "DSCP of TCP packets sent"),
	NUMBER(STACK, count, "arp-entries", "16", "64k", "1024", NULL, arp_entries,
	       "Neighbours kept, at most"),
	NUMBER(STACK, duration, "arp-age", "1s", "24h", "60s", NULL, arp_age_us,
	       "A neighbour not confirmed for so long is asked again"),
	NUMBER(STACK, count, "reassemblies", "1", "4096", "256", NULL, reassemblies,
	       "Datagrams under reassembly on a core, at most"),
	NUMBER(STACK, count, "icmp-errors", "0", "1M", "1000", NULL, icmp_errors_per_s,
	       "ICMP errors that a core sends in a second, at most"),
	NUMBER(STACK, count, "paths", "16", "64k", "1024", NULL, paths,
	       "Hosts whose path's MTU a core remembers, at most"),
	NUMBER(STACK, duration, "path-age", "10s", "24h", "10min", NULL, path_age_us,
	       "After so long a larger MTU is tried again, RFC 1191 section 6.3"),
	VALUE(STACK, impairments, "impair", NULL, impair,
	      "A bad network in both directions, such as loss=1%,delay=20ms (docs/impairment.md)"),
	VALUE(STACK, impairments, "impair-rx", NULL, impair_rx,
	      "For frames towards us, instead of what impair says"),
	VALUE(STACK, impairments, "impair-tx", NULL, impair_tx,
	      "For frames from us, instead of what impair says"),
	END
};

static const struct wr_conf_key machine[] = {
	NUMBER(STACK, count, "cores", "1", "64", "auto", "auto", cores,
	       "Worker cores; auto: one less than the CPUs allowed, at least one"),
	VALUE(STACK, cpus, "lcores", NULL, lcores, "CPUs for the workers"),
	CHOICE(STACK, "idle", idles, "spin", idle,
	       "Workers without work poll on, or sleep for growing times"),
	NUMBER(STACK, bytes, "mem", "16M", "1024G", "auto", "auto", mem_bytes,
	       "Memory for DPDK; auto: what is needed"),
	NUMBER(STACK, count, "bufs", "1024", "16M", "auto", "auto", bufs, "Packet buffers of each core"),
	SWITCH(STACK, "no-huge", "off", no_huge, "Do not use hugepages"),
	VALUE(STACK, text, "instance", NULL, instance,
	      "Name of this process for ss and stats; without it, its process number"),
	VALUE(STACK, words, "eal", NULL, eal, "Further arguments for DPDK's EAL"),
	END
};

static const struct wr_conf_key services[] = {
	VALUE(SERVE, services, "service", "echo,discard,chargen", service,
	      "Listeners: echo, discard, chargen, http, message, chat, rr, sink, source, match"),
	SHORT(SERVE, "echo", "Ports of echo instead of 7, or none"),
	SHORT(SERVE, "discard", "Ports of discard instead of 9, or none"),
	SHORT(SERVE, "chargen", "Ports of chargen instead of 19, or none"),
	SHORT(SERVE, "http", "Ports of http; 80 by itself"),
	SHORT(SERVE, "message", "Ports of message: frames echoed when complete; 7001 by itself"),
	SHORT(SERVE, "chat", "Ports of chat: lines to all others; 7002 by itself"),
	SHORT(SERVE, "rr", "Ports of rr: answers of sizes on demand; 5203 by itself"),
	SHORT(SERVE, "sink", "Ports of sink: counts what comes; 5204 by itself"),
	SHORT(SERVE, "source", "Ports of source: sends without end; 5205 by itself"),
	SHORT(SERVE, "match", "Ports of match: a sink of nothing but the pattern; 5206 by itself"),
	NUMBER(LISTEN, count, "connections", "16", "16M", "32k", NULL, connections,
	       "TCP connections on each core, at most"),
	NUMBER(LISTEN, count, "backlog", "16", "4M", "8k", NULL, backlog,
	       "Half-open connections on each core, at most"),
	CHOICE(LISTEN, "syn-cookies", cookies, "auto", syn_cookies,
	       "SYNs answered without a half-open connection, RFC 4987; auto: when the backlog is full"),
	NUMBER(LISTEN, count, "max-connections", "1", "16M", "none", "none", max_connections,
	       "Connections of each listener, at most, in shares of cores; further SYNs are dropped"),
	NUMBER(LISTEN, count, "max-connections-per-source", "1", "16M", "none", "none",
	       max_connections_per_source,
	       "Open connections of each remote address, at most, in shares of cores; others are reset"),
	NUMBER(LISTEN, count, "time-wait-entries", "16", "16M", "32k", NULL, time_wait_entries,
	       "TIME-WAIT records on each core, at most"),
	NUMBER(LISTEN, count, "reorders", "16", "16M", "4k", NULL, reorders,
	       "Connections with out-of-order text on each core, at most"),
	END
};

static const struct wr_conf_key load[] = {
	VALUE(LOAD, target, "target", NULL, load.target,
	      "Whom to load: ADDR, ADDR:PORT or http://ADDR[:PORT]/PATH; --target may be left out"),
	CHOICE(LOAD, "mode", wr_load_mode_name, "rr", load.mode,
	       "What each connection does; http with a URL"),
	NUMBER(LOAD, count, "connections", "1", "16M", "auto", "auto", load.connections,
	       "Connections at once, all cores together; auto: 1, or what a rate is likely to need"),
	NUMBER(LOAD, rate, "cps", "0.001", "1G", "max", "max", load.cps,
	       "Connection attempts a second; max: as many as go"),
	NUMBER(LOAD, rate, "rps", "0.001", "1G", "max", "max", load.rps,
	       "Requests a second, planned ahead; max: each as soon as the one before is answered"),
	NUMBER(LOAD, bitrate, "bitrate", "1", "10T", "max", "max", load.bitrate,
	       "Payload bits a second, each direction"),
	NUMBER(LOAD, rate, "pps", "0.001", "1G", "max", "max", load.pps,
	       "Datagrams or SYNs a second"),
	NUMBER(LOAD, rate, "syn-flood", "0.001", "1G", "none", "none", load.syn_flood,
	       "Bare SYNs a second beside the load, against a defence; 1G: as many as go"),
	NUMBER(LOAD, duration, "ramp", "0s", "24h", "0s", NULL, load.ramp_us,
	       "Rates rise to their setpoints within this time"),
	VALUE(LOAD, schedule, "schedule", "constant", load.schedule,
	      "Shape of the rates over time"),
	NUMBER(LOAD, duration, "warmup", "0s", "24h", "0s", NULL, load.warmup_us,
	       "Time after the ramp that is not measured"),
	NUMBER(LOAD, duration, "duration", "10ms", "720h", "auto", "auto", load.duration_us,
	       "Length of the measurement; auto: 10s, or until the requests are done"),
	NUMBER(LOAD, count, "requests", "1", "1000000G", "none", "none", load.requests,
	       "End after so many requests, connections or datagrams, all cores together"),
	NUMBER(LOAD, count, "repeat", "1", "1000", "1", NULL, load.repeat,
	       "Runs, one after another; the result shows their spread"),
	VALUE(LOAD, port_range, "client-ports", "1024-65535", load.client_ports,
	      "Source ports"),
	NUMBER(LOAD, duration, "wait", "0s", "1h", "3s", NULL, load.wait_us,
	       "Time that link and target get to answer before the run begins"),
	NUMBER(LOAD, count, "time-wait-entries", "16", "16M", "auto", "auto", time_wait_entries,
	       "TIME-WAIT records on each core, at most; auto: what the rates need"),
	NUMBER(LOAD, count, "reorders", "16", "16M", "4k", NULL, reorders,
	       "Connections with out-of-order text on each core, at most"),
	VALUE(LOAD, text, "server-instance", NULL, load.server_instance,
	      "Instance of a wringer serve on this machine that is the target: its counters are "
	      "compared"),
	END
};

static const struct wr_conf_key messages[] = {
	CHOICE(LOAD, "protocol", protocols, "auto", load.protocol,
	       "Target echoes, or answers in the size asked for; auto: echo if sizes are equal"),
	CHOICE(LOAD, "direction", directions, "up", load.direction, "Way of the data of a stream"),
	VALUE(LOAD, sizes, "request", "64", load.request, "Bytes of a request or datagram"),
	ZEROED(LOAD, sizes, "response", "auto", "auto", load.response,
	       "Bytes of a response; auto: as the request"),
	NUMBER(LOAD, count, "pipeline", "1", "64k", "1", NULL, load.pipeline,
	       "Requests under way on a connection, at most"),
	NUMBER(LOAD, duration, "think", "0s", "24h", "0s", NULL, load.think_us,
	       "Time between a response and the next request"),
	VALUE(LOAD, payload, "payload", "pattern", load.payload,
	      "What messages are made of: pattern, random, zero or file:PATH"),
	SWITCH(LOAD, "verify", "off", load.verify,
	       "Prove each message: loss, damage, duplication, order"),
	CHOICE(LOAD, "close", closes, "fin", load.close,
	       "How connections end: our FIN first, the server's first, or a reset"),
	CHOICE(LOAD, "reconnect", reconnects, "never", load.reconnect,
	       "Whether a connection that broke is opened again"),
	NUMBER(LOAD, duration, "connect-timeout", "1ms", "1h", "5s", "never",
	       load.connect_timeout_us, "An attempt without an answer for so long has failed"),
	NUMBER(LOAD, duration, "response-timeout", "1ms", "1h", "never", "never",
	       load.response_timeout_us, "A request without its response for so long has failed"),
	CHOICE(LOAD, "method", methods, "GET", load.method,
	       "HTTP method; POST sends a body of --request bytes"),
	VALUE(LOAD, text, "host", NULL, load.host, "HTTP Host header instead of the address"),
	VALUE(LOAD, headers, "header", NULL, load.header,
	      "Further HTTP header line; may be given several times"),
	SWITCH(LOAD, "http-close", "off", load.http_close,
	       "A connection for each HTTP request, instead of keep-alive"),
	END
};

static const struct wr_conf_key tcp[] = {
	NUMBER(STACK, bytes, "rcv-buf", "4K", "1G", "256K", NULL, rcv_buf,
	       "Receive window of a connection at first"),
	NUMBER(STACK, bytes, "rcv-buf-max", "4K", "1G", "auto", "auto", rcv_buf_max,
	       "The window grows with what the service takes, up to this; auto: 6M, or rcv-buf if given"),
	NUMBER(STACK, bytes, "snd-buf", "4K", "1G", "256K", NULL, snd_buf,
	       "Text queued for sending on a connection at first, at most"),
	NUMBER(STACK, bytes, "snd-buf-max", "4K", "1G", "auto", "auto", snd_buf_max,
	       "This grows to twice the congestion window, up to here; auto: 4M, or snd-buf if given"),
	NUMBER(STACK, count, "held-bufs", "64", "16M", "auto", "auto", held_bufs,
	       "Packet buffers that the connections of a core may keep, at most; auto: three quarters"),
	NUMBER(STACK, duration, "evict-shut", "10ms", "1h", "auto", "auto", evict_shut_us,
	       "While buffers lack, who takes nothing for so long is reset; auto: 100ms, load: 4s"),
	NUMBER(STACK, bytes, "ooo-bytes", "4K", "64M", "384K", NULL, ooo_bytes,
	       "Out-of-order text of a connection with overhead, at most; grows as its window does"),
	NUMBER(STACK, count, "ooo-pieces", "4", "32k", "512", NULL, ooo_pieces,
	       "Pieces of out-of-order text of a connection, at most; grows as its window does"),
	VALUE(STACK, cc, "cc", "cubic", cc,
	      "Congestion control: cubic, reno, dctcp, bbr, or fixed:SEGMENTS, a window for measuring"),
	NUMBER(STACK, count, "iw", "1", "64", "10", NULL, iw, "Initial window in segments, RFC 6928"),
	NUMBER(STACK, count, "mss", "64", "9176", "auto", "auto", mss,
	       "Bytes of the MSS option sent; auto: MTU less 40"),
	NUMBER(STACK, count, "mss-min", "28", "536", "88", NULL, mss_min,
	       "Smaller MSS options of peers count as this"),
	SWITCH(STACK, "timestamps", "on", timestamps, "RFC 7323 timestamps and PAWS"),
	SWITCH(STACK, "sack", "on", sack, "Selective acknowledgements, RFC 2018"),
	SWITCH(STACK, "window-scaling", "on", window_scaling, "Windows above 64 KiB, RFC 7323"),
	NUMBER(STACK, count, "window-scale", "1", "14", "auto", "auto", window_scale,
	       "Window scale offered; auto: the least that rcv-buf needs"),
	NUMBER(STACK, count, "first-window", "536", "65535", "auto", "auto", first_window,
	       "Window of a SYN in bytes; auto: as much as can be said"),
	CHOICE(STACK, "option-order", option_orders, "linux", option_order,
	       "Order of the options of a SYN: as that system has it"),
	SWITCH(STACK, "timestamps-required", "on", timestamps_required,
	       "Segments without the timestamp that was agreed on are dropped, RFC 7323 section 3.2"),
	NUMBER(STACK, count, "quick-acks", "1", "255", "off", "off", quick_acks,
	       "Segments at the beginning that are acknowledged at once, until text is sent"),
	NUMBER(STACK, count, "prompt-acks", "1", "255", "100", "off", prompt_acks,
	       "Acknowledgements that wait for a second segment 128us at most, after text out of order"),
	SWITCH(STACK, "delack-fin", "off", delack_fin, "The acknowledgement of a FIN may be delayed"),
	SWITCH(STACK, "push-bursts", "off", push_bursts,
	       "PSH on the last of segments that leave together, as Linux' large sends have it"),
	NUMBER(STACK, count, "slow-start-burst", "1", "64k", "8", NULL, slow_start_burst,
	       "Segments that one acknowledgement adds in slow start at most, L of RFC 9406"),
	SWITCH(STACK, "grow-half", "off", grow_half,
	       "A window of which more than half was used grows in slow start, as in Linux"),
	SWITCH(STACK, "grow-by-news", "off", grow_by_news,
	       "A window does not grow by text that SACKs told of before, as in Linux"),
	SWITCH(STACK, "rack", "on", rack,
	       "Losses are found by time, RFC 8985; off: by three segments beyond, RFC 6675"),
	SWITCH(STACK, "tlp", "on", tlp, "Tail loss probes, RFC 8985 section 7"),
	SWITCH(STACK, "tlp-recovery", "on", tlp_recovery,
	       "The same in recovery, when what was sent again is not answered"),
	SWITCH(STACK, "tlp-no-sack", "on", tlp_no_sack,
	       "The same where SACK is missing, with the first segment that is out"),
	SWITCH(STACK, "prr", "on", prr, "Proportional rate reduction, RFC 6937"),
	SWITCH(STACK, "frto", "on", frto, "Needless retransmission time-outs are found, RFC 5682"),
	SWITCH(STACK, "dsack", "on", dsack,
	       "Text received twice is reported, and such reports are used, RFC 2883"),
	CHOICE(STACK, "mtu-probing", mtu_probings, "black-hole", mtu_probing,
	       "Path MTU without ICMP, RFC 4821: when full segments do not get through, or always"),
	NUMBER(STACK, count, "mtu-base", "512", "9k", "1024", NULL, mtu_base_mss,
	       "Bytes of text that paths most likely take: where such a search begins"),
	NUMBER(STACK, count, "mtu-probe-floor", "28", "512", "48", NULL, mtu_floor_mss,
	       "Bytes of text in the segments that black holes leave, at least"),
	SWITCH(STACK, "idle-restart", "on", idle_restart,
	       "Slow start after an idle time, RFC 5681 section 4.1"),
	SWITCH(STACK, "pacing", "off", pacing,
	       "Text leaves evenly over the round trip, not in bursts; bbr always paces"),
	CHOICE(STACK, "ecn", ecns, "passive", ecn,
	       "Congestion marks; accecn: counted, RFC 9768; passive: if the peer asks; dctcp always asks"),
	CHOICE(STACK, "nagle", nagles, "auto", nagle, "Nagle's algorithm; auto: as each service prefers"),
	VALUE(SERVE, port_set, "fastopen", "none", fastopen_ports,
	      "Ports whose TCP listeners take text with a SYN, perhaps twice, RFC 7413"),
	VALUE(SERVE, sipkeys, "fastopen-key", NULL, fastopen_key,
	      "Key of Fast Open cookies, as Linux' tcp_fastopen_key has it; never printed"),
	NUMBER(SERVE, count, "fastopen-pending", "1", "64k", "256", NULL, fastopen_pending,
	       "Fast opens not yet acknowledged on each core, at most"),
	SWITCH(LOAD, "fastopen", "off", load.fastopen,
	       "The first request goes with the SYN where a cookie is known, RFC 7413"),
	VALUE(SERVE | LOAD, md5, "md5", NULL, md5,
	      "Key of signed segments, RFC 2385; never printed; may be given several times"),
	NUMBER(STACK, count, "challenges", "1", "10k", "10", NULL, challenges_per_s,
	       "Challenge ACKs of a connection in a second, at most, RFC 5961"),
	NUMBER(STACK, count, "resets", "1", "10M", "10k", NULL, resets_per_s,
	       "Resets for no connection that a core sends in a second, at most"),
	END
};

static const struct wr_conf_key times[] = {
	NUMBER(STACK, duration, "delack", "1ms", "499ms", "40ms", "off", delack_us,
	       "Delay of an acknowledgement, at most"),
	NUMBER(STACK, duration, "dup-ack-delay", "1us", "20ms", "200us", "off", dup_ack_delay_us,
	       "How long a duplicate ACK waits for the next segment, at most; needs prompt-acks"),
	NUMBER(STACK, duration, "rto-initial", "10ms", "60s", "1s", NULL, rto_initial_us,
	       "Retransmission time-out before the first sample, RFC 6298"),
	NUMBER(STACK, duration, "rto-min", "1ms", "60s", "200ms", NULL, rto_min_us,
	       "Lower bound of the retransmission time-out"),
	NUMBER(STACK, duration, "rto-slack", "1ms", "1s", "off", "off", rto_slack_us,
	       "By how much it exceeds the round-trip time at least: G of RFC 6298; Linux: 200ms"),
	NUMBER(STACK, duration, "rto-max", "1s", "10min", "120s", NULL, rto_max_us,
	       "Upper bound of the retransmission time-out"),
	NUMBER(STACK, count, "r1", "1", "32", "3", NULL, r1_rexmits,
	       "Retransmissions after which the next hop is suspected, RFC 9293 R1"),
	NUMBER(STACK, duration, "r2", "1s", "24h", "100s", NULL, r2_us,
	       "A connection without acknowledgement for so long ends, RFC 9293 R2"),
	NUMBER(STACK, duration, "syn-r2", "1s", "24h", "180s", NULL, syn_r2_us,
	       "The same for connections being opened by us"),
	NUMBER(LISTEN, count, "synack-retries", "0", "16", "5", NULL, synack_retries,
	       "Times that a SYN-ACK is sent again; once while the backlog is more than half full"),
	NUMBER(STACK, duration, "time-wait", "1ms", "10min", "60s", NULL, time_wait_us,
	       "Length of TIME-WAIT: twice the maximum segment lifetime"),
	NUMBER(STACK, duration, "time-wait-reuse", "1ms", "10min", "1s", "never", time_wait_reuse_us,
	       "TIME-WAIT after which a new connection of ours may have the same ports, "
	       "RFC 6191"),
	NUMBER(STACK, duration, "fin-wait2", "1ms", "24h", "60s", "never", fin_wait2_us,
	       "FIN-WAIT-2 without a FIN for so long ends"),
	NUMBER(STACK, count, "orphan-retries", "1", "15", "8", "never", orphan_retries,
	       "Unanswered retransmissions or probes that end what its service has closed"),
	NUMBER(STACK, count, "orphans", "16", "16M", "auto", "auto", orphans,
	       "Connections of a core that only their service has closed, at most; auto: all"),
	SWITCH(STACK, "keepalive", "off", keepalive, "Keepalive probes"),
	NUMBER(STACK, duration, "keepalive-idle", "1s", "24h", "2h", NULL, keepalive_idle_us,
	       "Silence before the first probe"),
	NUMBER(STACK, duration, "keepalive-interval", "1s", "1h", "75s", NULL, keepalive_interval_us,
	       "Time between two probes"),
	NUMBER(STACK, count, "keepalive-probes", "1", "255", "9", NULL, keepalive_probes,
	       "Unanswered probes that end a connection"),
	NUMBER(STACK, duration, "user-timeout", "10ms", "24h", "auto", "auto", user_timeout_us,
	       "Text unacknowledged for so long ends a connection; auto: r2"),
	NUMBER(STACK, duration, "idle-timeout", "10ms", "24h", "never", "never", idle_timeout_us,
	       "A connection on which nothing is received for so long ends; http: 60s"),
	NUMBER(SERVE, duration, "request-timeout", "10ms", "24h", "30s", "never", request_timeout_us,
	       "A request not complete or an answer not read for so long ends its connection"),
	NUMBER(STACK, duration, "total-timeout", "10ms", "24h", "never", "never", total_timeout_us,
	       "A connection that has been open for so long ends"),
	END
};

static const struct wr_conf_key output[] = {
	VALUE(STACK, listen, "metrics", NULL, metrics, "Prometheus endpoint"),
	NUMBER(SERVE, duration, "stats-interval", "100ms", "1h", "never", "never", stats_interval_us,
	       "Print a line of rates so often"),
	VALUE(LOAD, output, "json", NULL, load.json,
	      "Write the result as JSON, to standard output or --json=FILE"),
	SWITCH(LOAD, "json-stream", "off", load.json_stream,
	       "Write JSON events to standard output, one a line, while it runs"),
	VALUE(LOAD, text, "csv", NULL, load.csv, "Write a row a second to this file; - is stdout"),
	VALUE(LOAD, text, "hgrm", NULL, load.hgrm,
	      "Write latencies as HdrHistogram does, to TEXT-response.hgrm and others"),
	VALUE(LOAD, thresholds, "require", NULL, load.require,
	      "Exit with 4 unless this holds at the end; may be given several times"),
	NUMBER(LOAD, duration, "interval", "100ms", "1h", "1s", NULL, load.interval_us,
	       "Time between two live lines"),
	SWITCH(LISTEN, "json", "off", json, "Print the summary at exit as JSON"),
	SWITCH(STACK, "quiet", "off", quiet, "Print only errors and the ready line"),
	SWITCH(STACK, "verbose", "off", verbose, "Print the notes of the driver and DPDK's messages too"),
	NUMBER(STACK, duration, "drain", "0s", "10min", "2s", NULL, drain_us,
	       "Time that connections get to end when the process is asked to stop"),
	NUMBER(STACK, count, "seed", "1", "18446744073709551615", "random", "random", seed,
	       "Seed of secrets and random choices, to repeat a test; not for production"),
	END
};
/* clang-format on */

const struct wr_conf_group wr_conf_groups[] = {
	{"Load", load},
	{"Messages of a load", messages},
	{"Network", network},
	{"Cores and memory", machine},
	{"Services and table sizes", services},
	{"TCP", tcp},
	{"TCP times", times},
	{"Output and control", output},
	{NULL, NULL},
};

static_assert(WR_LEN(network) + WR_LEN(machine) + WR_LEN(services) + WR_LEN(load) +
                              WR_LEN(messages) + WR_LEN(tcp) + WR_LEN(times) + WR_LEN(output) <=
                      WR_CONF_KEYS,
              "every key has a mark of origin");

static const struct {
	enum wr_conf_command command;
	const char *name;
} commands[] = {
	{WR_CONF_SERVE, "serve"},
	{WR_CONF_LOAD, "load"},
	{WR_CONF_IPERF3, "iperf3"},
};

const char *wr_conf_command_name(enum wr_conf_command command)
{
	for (size_t i = 0; i < WR_LEN(commands); i++)
		if (commands[i].command == command)
			return commands[i].name;
	return "";
}

const char *wr_conf_commands_format(unsigned mask, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < WR_LEN(commands) && n < size; i++)
		if (mask & commands[i].command)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
			                      commands[i].name);
	return buf;
}

const struct wr_conf_key *wr_conf_find(const char *name, unsigned mask, unsigned *number)
{
	unsigned n = 0;

	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++, n++)
			if (key->commands & mask && strcmp(key->name, name) == 0) {
				*number = n;
				return key;
			}
	return NULL;
}

#define LONGEST 32 /* letters that are compared */

/* Levenshtein's distance: letters to insert, remove or replace. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t width = strnlen(b, LONGEST);

	for (unsigned j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned i = 0; a[i] && i < LONGEST; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < width; j++) {
			unsigned replace = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = wr_min(replace, wr_min(row[j], diagonal) + 1);
		}
	}
	return row[width];
}

const char *wr_conf_nearest(const char *name, unsigned mask)
{
	const char *best = NULL;
	unsigned least = 2 + (unsigned)strnlen(name, LONGEST) / 4;

	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++) {
			unsigned d = distance(name, key->name);

			if (key->commands & mask && d < least) {
				least = d;
				best = key->name;
			}
		}
	return best;
}

const char *wr_conf_where(const struct wr_conf *conf, const char *name, char *buf, size_t size)
{
	unsigned number = 0;
	const struct wr_conf_origin *from;

	wr_conf_find(name, conf->command, &number);
	from = &conf->origin[number];
	if (from->source == WR_CONF_FILE)
		snprintf(buf, size, "%s:%u: %s", conf->file, from->line, name);
	else
		snprintf(buf, size, "--%s", name);
	return buf;
}

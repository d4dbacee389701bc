/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_docs.h"
#include "wr_drop.h"
#include "wr_prometheus.h"
#include "wr_slug.h"
#include "wr_ss_column.h"

static const char intro[] =
	"# Metrics\n\n"
	"This page is made from the tables in `lib/stats` and `lib/export` by\n"
	"`wringer stats --print-docs`; a test fails when it is not fresh.\n\n"
	"Every number is there in four forms: `wringer stats` (text, `--json`, "
	"`--prometheus`), DPDK\n"
	"telemetry (`dpdk-telemetry.py -f wringer-INSTANCE`), the Prometheus endpoint\n"
	"(`--metrics ADDR:PORT`, path `/metrics`) and the summary when the process ends. All "
	"show the\n"
	"snapshot that the control thread takes once a second. A snapshot of a busy core may "
	"be a\n"
	"burst apart in itself.\n\n"
	"**The books.** Each received frame ends in exactly one verdict, and each frame put "
	"into the\n"
	"output queue has exactly one cause. `rx_frames + rx_handed_in + rx_reassembled` less "
	"the sum of\n"
	"verdicts is the number `in` of the books; the sum of causes less `tx_frames + "
	"tx_refused +\n"
	"tx_dropped + tx_staged + arp_waiting + arp_dropped` is `out`. With `--impair` each "
	"also holds\n"
	"what went into the impairment of that direction less what became of it: `in + "
	"duplicated -\n"
	"out - lost - queue_full - overflow - waiting` of its counters, for sending less "
	"`refused`.\n"
	"Both are 0 on a core at rest.\n";

static const char telemetry[] =
	"\n## Telemetry commands\n\n"
	"| Command | Parameters | Answer |\n|---|---|---|\n"
	"| `/wringer/info` | | Instance, versions, cores, uptime |\n"
	"| `/wringer/stats` | core | Counters and gauges |\n"
	"| `/wringer/verdicts` | core | Frames received, by verdict |\n"
	"| `/wringer/drops` | core | Frames lost, by reason; without a core also the NICs' |\n"
	"| `/wringer/causes` | core | Frames sent, by cause |\n"
	"| `/wringer/reasons` | core | Connections ended, by reason |\n"
	"| `/wringer/states` | core | Connections now, by TCP state |\n"
	"| `/wringer/transitions` | core | State changes that happened, as `from/to` |\n"
	"| `/wringer/stages` | core | TSC cycles of sampled bursts, by stage |\n"
	"| `/wringer/books` | core | Frames not accounted for, in and out |\n"
	"| `/wringer/rates` | | Counters per second of the last second, all cores |\n"
	"| `/wringer/ss` | "
	"`core=,cursor=,skip=,every=,states=,local=,local_mask=,peer=,peer_mask=,"
	"sport=,dport=` | A page of one core's connections, by columns; `cursor` and `skip` of "
	"the "
	"answer ask for the next page, cursor 4294967295: that was all |\n"
	"| `/wringer/snapshot` | core or `rate` | For `wringer stats`: numbers without names "
	"|\n\n"
	"Without a core the answer is the sum of all. Addresses in `/wringer/ss` are 32-bit "
	"numbers,\n"
	"`states` has bit `1 << state` in the order of the table above; 0: all but LISTEN and\n"
	"TIME-WAIT.\n";

static const char json[] =
	"\n## JSON document\n\n"
	"`wringer stats --json` prints one object: `instance`, `command`, `version`, "
	"`revision`,\n"
	"`dpdk`, `start_unix_s` (seconds since 1970), `tsc_hz`, `sequence`, `uptime_s`, "
	"`interval_s`;\n"
	"`sum` (all cores), `rates` (the same counters per second of the last interval), "
	"`cores`\n"
	"(array: `core`, `lcore`, `cpu`, `socket`, `busy` from 0 to 1 in the last interval,\n"
	"`pool_objects`, `pool_available`, and the tables) and `ports` (array: `port`, "
	"`spec`,\n"
	"`driver`, `link_mbps`, `counters`, `rates`). The tables are objects with the names "
	"below:\n"
	"`stats`, `verdicts` and `drops` (`LAYER_NAME`), `causes`, `reasons`, `connections` "
	"(by state),\n"
	"`transitions` (`from` then `to`, those that happened), `stages` with `stage_frames` "
	"and\n"
	"`stage_bursts`, and `books` (`in`, `out`).\n";

static void print_stats(FILE *out)
{
	fputs("\n## Counters and gauges of a core: `stats`\n\n"
	      "| Name | Kind | Unit | Meaning |\n|---|---|---|---|\n",
	      out);
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		fprintf(out, "| `%s` | %s | %s | %s |\n", wr_stat_desc[i].name,
		        wr_stat_desc[i].kind == WR_COUNTER ? "counter" : "gauge",
		        wr_stat_desc[i].unit, wr_stat_desc[i].help);
}

static void print_verdicts(FILE *out)
{
	fputs("\n## What became of received frames: `verdicts`\n\n"
	      "| Name | Drop | Meaning |\n|---|---|---|\n",
	      out);
	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++)
		fprintf(out, "| `%s_%s` | %s | %s |\n", wr_verdict_desc[i].layer,
		        wr_verdict_desc[i].name,
		        wr_verdict_desc[i].kind == WR_DROP ? "drop" : "",
		        wr_verdict_desc[i].help);
}

static void print_named(FILE *out, const char *title, const struct wr_named *desc,
                        unsigned count)
{
	fprintf(out, "\n## %s\n\n| Name | Meaning |\n|---|---|\n", title);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "| `%s` | %s |\n", desc[i].name, desc[i].help);
}

static void print_drops(FILE *out)
{
	static const struct wr_stats none;
	static const struct wr_port_counters no_counters;
	struct wr_drop drop;

	fputs("\n## Frames lost: `drops`\n\nThe verdicts marked so above, and:\n\n"
	      "| Reason | Direction | Meaning |\n|---|---|---|\n",
	      out);
	for (unsigned i = WR_VERDICT_COUNT; i < WR_DROPS; i++) {
		wr_drop_of_core(&none, i, &drop);
		fprintf(out, "| `%s` | %s | %s |\n", drop.reason, drop.direction, drop.help);
	}
	for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
		wr_drop_of_port(&no_counters, i, &drop);
		fprintf(out, "| `%s` (of a port) | %s | %s |\n", drop.reason, drop.direction,
		        drop.help);
	}
}

static void print_states(FILE *out)
{
	fputs("\n## TCP states: `connections`, `transitions`\n\n"
	      "| Name | State of RFC 9293 | In `wringer ss` |\n|---|---|---|\n",
	      out);
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		fprintf(out, "| `%s` | %s | %s |\n", wr_slug_state(i).text,
		        wr_tcp_state_name[i], wr_tcp_state_short[i]);
}

static void print_columns(FILE *out)
{
	fputs("\n## A connection: `wringer ss --json` and `/wringer/ss`\n\n"
	      "`wringer ss --json` prints one object: `connections`, an array of objects with "
	      "these\n"
	      "names, and `every`: 1 if all are listed, N if only each N-th was looked at.\n\n"
	      "| Name | Meaning |\n|---|---|\n",
	      out);
	for (unsigned i = 0; i < WR_SS_COLUMNS; i++)
		fprintf(out, "| `%s` | %s |\n", wr_ss_column[i].name, wr_ss_column[i].help);
}

void wr_docs_metrics(FILE *out)
{
	fputs(intro, out);
	print_stats(out);
	print_verdicts(out);
	print_drops(out);
	print_named(out, "Why frames were sent: `causes`", wr_cause_desc, WR_CAUSE_COUNT);
	print_named(out, "Why connections ended: `reasons`", wr_reason_desc, WR_REASON_COUNT);
	print_states(out);
	print_named(out, "Where cycles go: `stages`", wr_stage_desc, WR_STAGE_COUNT);
	fputs("\n## Prometheus\n\n", out);
	wr_prometheus_docs(out);
	fputs(telemetry, out);
	fputs(json, out);
	print_columns(out);
}

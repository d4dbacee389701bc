/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "load.h"
#include "wr_json.h"
#include "wr_text.h"

static void print_key(void *ctx, const struct wr_conf_item *item)
{
	static const struct {
		const char *key, *form;
	} lines[] = {
		{"ip", "address      %s\n"},
		{"gateway", "gateway      %s\n"},
		{"impair", "impairment   %s\n"},
		{"impair-rx", "impairment   %s, towards us\n"},
		{"impair-tx", "impairment   %s, from us\n"},
		{"service", "service      %s\n"},
		{"metrics", "metrics      http://%s/metrics\n"},
	};
	FILE *out = ctx;

	for (size_t i = 0; i < WR_LEN(lines); i++)
		if (strcmp(item->name, lines[i].key) == 0)
			fprintf(out, lines[i].form, item->text);
}

void wr_console_start(FILE *out, const struct wr_appliance *app)
{
	const struct wr_conf *conf = app->conf;
	const struct wr_worker *w = app->worker[0];

	wr_eal_print(out, &app->eal);
	fprintf(out, "each worker  %u packet buffers, tables for %llu connections, idle: %s\n",
	        wr_conf_bufs(conf), (unsigned long long)conf->connections,
	        w->idle.adaptive ? "sleeps (adaptive)" : "polls on (spin)");
	wr_port_print(out, &app->port);
	wr_conf_echo(conf, print_key, out);
}

struct words {
	char text[1024];
	const char *name;
};

static void join(void *ctx, const struct wr_conf_item *item)
{
	struct words *words = ctx;
	size_t n = strlen(words->text);

	if (strcmp(item->name, words->name) == 0)
		snprintf(words->text + n, sizeof(words->text) - n, "%s%s", n ? "," : "",
		         item->text);
}

void wr_console_ready(FILE *out, const struct wr_appliance *app)
{
	struct words ip = {.name = "ip"}, service = {.name = "service"};

	wr_conf_echo(app->conf, join, &ip);
	wr_conf_echo(app->conf, join, &service);
	fprintf(out, "ready %s: %s answers %s on %s with %u worker%s\n", app->eal.instance,
	        ip.text, service.text, app->conf->port.spec[0], app->eal.workers,
	        app->eal.workers == 1 ? "" : "s");
	fflush(out);
}

static void add_up(const struct wr_appliance *app, struct wr_console_rates *sum,
                   uint64_t *established)
{
	for (unsigned i = 0; i < app->eal.workers; i++) {
		const struct wr_stats *stats = &app->worker[i]->stats;

		sum->rx_frames += wr_stat_read(&stats->n[WR_STAT_rx_frames]);
		sum->tx_frames += wr_stat_read(&stats->n[WR_STAT_tx_frames]);
		sum->bytes_in += wr_stat_read(&stats->n[WR_STAT_rx_bytes]);
		sum->bytes_out += wr_stat_read(&stats->n[WR_STAT_tx_bytes]);
		sum->rexmit += wr_stat_read(&stats->n[WR_STAT_tcp_bytes_rexmit]);
		sum->busy += wr_stat_read(&stats->n[WR_STAT_cycles_busy]);
		sum->idle += wr_stat_read(&stats->n[WR_STAT_cycles_idle]);
		*established += wr_stat_read(&stats->connections[WR_TCP_ESTABLISHED]);
	}
}

void wr_console_line(FILE *out, const struct wr_appliance *app, uint64_t now_ns,
                     struct wr_console_rates *before)
{
	struct wr_console_rates now = {.time_ns = now_ns};
	uint64_t established = 0;
	double s = (double)(now_ns - before->time_ns) / 1e9, cycles;

	add_up(app, &now, &established);
	cycles = (double)(now.busy + now.idle - before->busy - before->idle);
	fprintf(out,
	        "%9.1f s  rx %.0f tx %.0f frames/s  in %.3f out %.3f Gbit/s  established %llu  "
	        "rexmit %.0f B/s  busy %.0f%%\n",
	        (double)now_ns / 1e9, (double)(now.rx_frames - before->rx_frames) / s,
	        (double)(now.tx_frames - before->tx_frames) / s,
	        (double)(now.bytes_in - before->bytes_in) * 8e-9 / s,
	        (double)(now.bytes_out - before->bytes_out) * 8e-9 / s,
	        (unsigned long long)established, (double)(now.rexmit - before->rexmit) / s,
	        cycles > 0 ? 100 * (double)(now.busy - before->busy) / cycles : 0);
	*before = now;
}

void wr_console_now(FILE *out, const struct wr_appliance *app)
{
	wr_text_stats(out, wr_export_snapshot(app->export));
}

static json_t *value_of(const struct wr_conf_item *item)
{
	switch (item->form) {
	case WR_CONF_AS_NUMBER:
		return json_integer((json_int_t)item->number);
	case WR_CONF_AS_SWITCH:
		return json_boolean(item->number);
	default:
		return json_string(item->text);
	}
}

static void add_key(void *ctx, const struct wr_conf_item *item)
{
	json_t *config = ctx, *list;

	if (!item->is_list) {
		json_object_set_new(config, item->name, value_of(item));
		return;
	}
	list = json_object_get(config, item->name);
	if (!list) {
		list = json_array();
		json_object_set_new(config, item->name, list);
	}
	json_array_append_new(list, json_string(item->text));
}

json_t *wr_console_config(const struct wr_conf *conf)
{
	json_t *config = json_object();

	wr_conf_echo(conf, add_key, config);
	return config;
}

static void print_document(FILE *out, json_t *document)
{
	json_dumpf(document, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(document);
}

void wr_console_end(FILE *out, const struct wr_conf *conf, const struct wr_snapshot *snapshot,
                    bool drained)
{
	json_t *document;

	if (!conf->json) {
		if (!conf->quiet)
			wr_text_summary(out, snapshot);
		return;
	}
	document = wr_json_snapshot(snapshot);
	json_object_set_new(document, "config", wr_console_config(conf));
	json_object_set_new(document, "drained", json_boolean(drained));
	print_document(out, document);
}

void wr_console_error(const struct wr_conf *conf, const struct wr_err *err)
{
	size_t length = strlen(err->text);
	bool ended = length > 0 && err->text[length - 1] == '.';

	fprintf(stderr, "wringer: %s%s\n", err->text, ended ? "" : ".");
	if (conf->json)
		print_document(stdout, json_pack("{s:s, s:i}", "error", err->text, "exit_code",
		                                 (int)err->exit));
}

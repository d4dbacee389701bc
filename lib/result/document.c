/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "document.h"
#include "wr_conf.h"
#include "wr_slug.h"

static void put(json_t *object, const char *name, uint64_t n)
{
	json_object_set_new(object, name, json_integer((json_int_t)n));
}

static void put_real(json_t *object, const char *name, double n)
{
	json_object_set_new(object, name, json_real(n));
}

/* Text that is not UTF-8, as a file name may be, is told without the bytes that are not. */
static void put_text(json_t *object, const char *name, const char *text)
{
	json_t *string = json_string(text);
	char clean[1024];
	size_t n = 0;

	for (; !string && text[n] && n < sizeof(clean) - 1; n++)
		clean[n] = (char)((unsigned char)text[n] < 0x80 ? text[n] : '?');
	clean[n] = '\0';
	json_object_set_new(object, name, string ? string : json_string(clean));
}

static json_t *put_object(json_t *object, const char *name)
{
	json_t *inner = json_object();

	json_object_set_new(object, name, inner);
	return inner;
}

static json_t *put_array(json_t *object, const char *name)
{
	json_t *inner = json_array();

	json_object_set_new(object, name, inner);
	return inner;
}

json_t *document_head(const struct wr_result_conf *conf)
{
	json_t *document = json_object();

	put(document, "schema", DOCUMENT_SCHEMA);
	put_text(document, "kind", DOCUMENT_KIND);
	put_text(document, "version", conf->version ? conf->version : "");
	put_text(document, "revision", conf->revision ? conf->revision : "");
	return document;
}

static void put_time(json_t *object, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	put_text(object, "time", text);
	put_real(object, "unix_s", (double)unix_ns / 1e9);
}

static void put_setpoints(json_t *object, const struct wr_load_setpoints *set)
{
	put(object, "connections", set->connections);
	put_real(object, "connections_per_s", set->cps);
	put_real(object, "requests_per_s", set->rps);
	put_real(object, "bits_per_s", set->bitrate);
	put_real(object, "packets_per_s", set->pps);
}

static void put_command(json_t *object, const struct wr_result_conf *conf)
{
	json_t *command = put_array(object, "command");

	for (int i = 0; i < conf->argc; i++) {
		json_t *holder = json_object();
		char shown[64];

		put_text(holder, "word",
		         wr_conf_show_word(i ? conf->argv[i - 1] : NULL, conf->argv[i], shown,
		                           sizeof(shown)));
		json_array_append(command, json_object_get(holder, "word"));
		json_decref(holder);
	}
}

json_t *document_start(const struct wr_result_conf *conf)
{
	const struct wr_load_conf *load = conf->load;
	json_t *start = json_object();

	put_time(start, conf->start_unix_ns);
	put_command(start, conf);
	if (conf->target)
		put_text(start, "target", conf->target);
	if (load) {
		put_text(start, "mode", wr_load_mode_name[load->mode]);
		put_setpoints(put_object(start, "setpoints"), &load->set);
		put_real(start, "ramp_s", (double)load->schedule.ramp_ns / 1e9);
		put_real(start, "warmup_s", (double)load->warmup_ns / 1e9);
		put_real(start, "duration_s", (double)load->duration_ns / 1e9);
		put(start, "seed", load->seed);
	}
	json_object_set(start, "config", conf->config);
	json_object_set(start, "machine", conf->machine);
	return start;
}

static void put_known(json_t *object, const char *name, uint64_t n)
{
	if (n)
		put(object, name, n);
}

static void put_brief(json_t *object, const struct brief *brief)
{
	put(object, "count", brief->count);
	if (!brief->count)
		return;
	put_real(object, "mean_ns", brief->mean);
	put_known(object, "p50_ns", brief->p50);
	put_known(object, "p90_ns", brief->p90);
	put_known(object, "p99_ns", brief->p99);
	put_known(object, "p99.9_ns", brief->p999);
	put(object, "max_ns", brief->max);
}

static void put_states(json_t *object, const uint64_t *state)
{
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		if (state[i])
			put(object, wr_slug_state(i).text, state[i]);
}

/* Counters that are not 0. */
static void put_counters(json_t *object, const uint64_t *n)
{
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++)
		if (n[i])
			put(object, wr_load_desc[i].name, n[i]);
}

static void put_interval_rates(json_t *object, const struct interval *interval)
{
	static const struct {
		const char *name;
		enum wr_load_stat stat;
		bool measured; /* counted only in the measurement */
	} rates[] = {
		{"responses_per_s", WR_LOAD_STAT_responses, true},
		{"connections_per_s", WR_LOAD_STAT_connections_opened, false},
		{"datagrams_sent_per_s", WR_LOAD_STAT_datagrams_sent, true},
		{"datagrams_received_per_s", WR_LOAD_STAT_datagrams_received, true},
		{"syns_sent_per_s", WR_LOAD_STAT_syns_sent, false},
		{"bytes_sent_per_s", WR_LOAD_STAT_bytes_sent, false},
		{"bytes_received_per_s", WR_LOAD_STAT_bytes_received, false},
	};
	double seconds = interval_seconds(interval);
	bool counts = interval_counts(interval);

	for (unsigned i = 0; i < WR_LEN(rates) && seconds > 0; i++)
		if (counts || !rates[i].measured)
			put_real(object, rates[i].name,
			         (double)interval->n[rates[i].stat] / seconds);
}

json_t *document_interval(const struct interval *interval)
{
	json_t *object = json_object(), *busy;

	put_real(object, "from_s", (double)interval->from_ns / 1e9);
	put_real(object, "until_s", (double)interval->until_ns / 1e9);
	put_text(object, "phase", wr_load_phase_name[interval->phase]);
	put_interval_rates(put_object(object, "rates"), interval);
	put(object, "connections_open", interval->open);
	put(object, "connections_opening", interval->opening);
	put(object, "requests_outstanding", interval->outstanding);
	put_brief(put_object(object, "latency"), &interval->latency);
	put(object, "retransmitted_segments", interval->rexmit);
	put(object, "dropped_frames", interval->drops);
	busy = put_array(object, "busy");
	for (unsigned i = 0; i < interval->cores; i++)
		json_array_append_new(busy, json_real(interval->busy[i]));
	put_states(put_object(object, "states"), interval->state);
	put_counters(put_object(object, "counters"), interval->n);
	put_setpoints(put_object(object, "setpoints"), &interval->set);
	return object;
}

json_t *document_intervals(const struct intervals *intervals)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < intervals->count; i++)
		json_array_append_new(array, document_interval(&intervals->row[i]));
	return array;
}

/* The name of a metric as a key: SI units. */
static const char *offer_unit(const struct offer *offer)
{
	switch (offer->unit) {
	case WR_UNIT_BITS:
		return "bits_per_s";
	case WR_UNIT_RATE:
		return "per_s";
	default:
		return "count";
	}
}

static void put_offers(json_t *array, const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->offers; i++) {
		const struct offer *offer = &verdict->offer[i];
		json_t *object = json_object();

		put_text(object, "name", offer->name);
		put_text(object, "unit", offer_unit(offer));
		put_real(object, "offered", offer->offered);
		put_real(object, "achieved", offer->achieved);
		put_real(object, "ratio",
		         offer->offered > 0 ? offer->achieved / offer->offered : 1);
		json_array_append_new(array, object);
	}
}

void document_verdict(json_t *document, const struct wr_result_conf *conf,
                      const struct verdict *verdict)
{
	json_t *list;

	json_object_set_new(document, "valid", json_boolean(!verdict->invalids));
	list = put_array(document, "invalid_because");
	for (unsigned i = 0; i < verdict->invalids; i++)
		json_array_append_new(list, json_string(verdict->invalid[i]));
	list = put_array(document, "failures");
	for (unsigned i = 0; i < verdict->failures; i++)
		json_array_append_new(list, json_string(verdict->failure[i]));
	list = put_array(document, "requirements");
	for (unsigned i = 0; i < conf->requires; i++) {
		const struct wr_require_verdict *judged = &verdict->require[i];
		json_t *object = json_object();

		put_text(object, "text", conf->require[i].text);
		json_object_set_new(object, "met", json_boolean(judged->met));
		json_object_set_new(object, "value",
		                    judged->has_value ? json_real(judged->value) : json_null());
		json_array_append_new(list, object);
	}
	put_offers(put_array(document, "offers"), verdict);
	if (verdict->interrupted)
		json_object_set_new(document, "interrupted", json_true());
	if (verdict->error[0])
		put_text(document, "error", verdict->error);
	put(document, "exit_code", verdict->exit);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "document.h"
#include "exposition.h"
#include "repeat.h"
#include "sink.h"
#include "text.h"
#include "write.h"

struct wr_result {
	struct wr_result_conf conf;
	struct run run;
	struct repeat repeat;
	unsigned runs, done;
	struct sink json, stream, csv;
	struct exposition exposition;
	json_t *document;  /* of the last run */
	json_t *documents; /* of all runs, if there are to be several */
	enum wr_exit exit;
	bool lost; /* something could not be written */
};

static void release(struct wr_result_conf *conf)
{
	json_decref(conf->config);
	json_decref(conf->machine);
	conf->config = conf->machine = NULL;
}

static void free_result(struct wr_result *result)
{
	release(&result->conf);
	json_decref(result->document);
	json_decref(result->documents);
	repeat_fini(&result->repeat);
	exposition_fini(&result->exposition);
	run_fini(&result->run);
	free(result);
}

/* A sentence ends with a stop. */
static void tell(const struct wr_result_conf *conf, const struct wr_err *err)
{
	size_t length = strlen(err->text);
	bool ended = length > 0 && strchr(".?", err->text[length - 1]);

	fprintf(conf->log, "wringer: %s%s\n", err->text, ended ? "" : ".");
}

static void hgrm_path(const struct wr_result *result, const char *latency, char *path, size_t n)
{
	if (result->runs > 1)
		snprintf(path, n, "%s-run%u-%s.hgrm", result->conf.hgrm, result->done, latency);
	else
		snprintf(path, n, "%s-%s.hgrm", result->conf.hgrm, latency);
}

/* Whether .hgrm files can be written there at all. */
static int try_hgrm(const struct wr_result *result, struct wr_err *err)
{
	char path[4096];
	struct sink sink;
	int rc;

	if (!result->conf.hgrm)
		return 0;
	hgrm_path(result, wr_latency_desc[0].name, path, sizeof(path));
	rc = sink_open_whole(&sink, path, result->conf.out, err);
	if (rc == 0)
		sink_drop(&sink);
	return rc;
}

/* Only one thing can be on standard output. */
static int check_outputs(const struct wr_result_conf *conf, struct wr_err *err)
{
	bool json = conf->json && strcmp(conf->json, "-") == 0;
	bool csv = conf->csv && strcmp(conf->csv, "-") == 0;

	if (json + csv + conf->json_stream > 1)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "Only one of --json, --json-stream and --csv can go to "
		                  "standard output; give the others a file.");
	return 0;
}

static int open_outputs(struct wr_result *result, struct wr_err *err)
{
	const struct wr_result_conf *conf = &result->conf;
	int rc = check_outputs(conf, err);

	if (rc == 0)
		rc = try_hgrm(result, err);
	if (rc == 0)
		rc = sink_open_whole(&result->json, conf->json, conf->out, err);
	if (rc == 0)
		rc = sink_open_growing(&result->csv, conf->csv, conf->out, err);
	if (rc < 0)
		sink_drop(&result->json);
	if (rc == 0)
		sink_open_growing(&result->stream, conf->json_stream ? "-" : NULL, conf->out,
		                  err);
	return rc;
}

static int set_up(struct wr_result *result, struct wr_err *err)
{
	if (run_init(&result->run, result->conf.load) < 0 ||
	    repeat_init(&result->repeat, result->runs) < 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "There is no memory left for results.");
	return open_outputs(result, err);
}

struct wr_result *wr_result_new(const struct wr_result_conf *conf, struct wr_err *err)
{
	struct wr_result *result = aligned_alloc(WR_CACHE_LINE, sizeof(*result));

	if (!result) {
		struct wr_result_conf mine = *conf;

		release(&mine);
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM, "There is no memory left.");
		return NULL;
	}
	memset(result, 0, sizeof(*result));
	result->conf = *conf;
	result->runs = conf->runs ? conf->runs : 1;
	exposition_init(&result->exposition);
	if (set_up(result, err) < 0) {
		free_result(result);
		return NULL;
	}
	if (result->csv.file) {
		csv_head(result->csv.file);
		sink_flush(&result->csv, conf->log);
	}
	if (result->runs > 1)
		result->documents = json_array();
	return result;
}

/* What the run began with; of several runs also which one it is. */
static json_t *start_of(const struct wr_result *result)
{
	json_t *start = document_start(&result->conf);

	if (result->runs > 1)
		json_object_set_new(start, "run", json_integer(result->done));
	return start;
}

static void stream_event(struct wr_result *result, const char *name, json_t *data)
{
	if (result->stream.file) {
		write_event(result->stream.file, name, data);
		sink_flush(&result->stream, result->conf.log);
	}
	json_decref(data);
}

void wr_result_begin(struct wr_result *result, const struct wr_result_sample *sample)
{
	result->run.number = result->done;
	run_begin(&result->run, sample);
	if (result->conf.live)
		text_head(result->conf.live, &result->run, result->conf.target);
	if (result->stream.file)
		stream_event(result, "start", start_of(result));
}

void wr_result_second(struct wr_result *result, const struct wr_result_sample *sample)
{
	const struct interval *interval = run_second(&result->run, sample);

	exposition_render(&result->exposition, &result->run, sample->load, interval);
	if (result->conf.live)
		text_line(result->conf.live, &result->run, interval);
	if (result->csv.file) {
		csv_row(result->csv.file, &result->run, interval);
		sink_flush(&result->csv, result->conf.log);
	}
	if (result->stream.file)
		stream_event(result, "interval", document_interval(interval));
}

void wr_result_metrics(struct wr_result *result, FILE *out)
{
	exposition_copy(&result->exposition, out);
}

void wr_result_mark(struct wr_result *result, const struct wr_result_sample *sample)
{
	run_mark(&result->run, sample);
}

static void write_hgrm(struct wr_result *result, unsigned latency)
{
	struct wr_err err;
	struct sink sink;
	char path[4096], title[128];

	hgrm_path(result, wr_latency_desc[latency].name, path, sizeof(path));
	snprintf(title, sizeof(title), "%s latency in microseconds: %s",
	         wr_latency_desc[latency].name, wr_latency_desc[latency].help);
	if (sink_open_whole(&sink, path, result->conf.out, &err) < 0) {
		fprintf(result->conf.log, "wringer: '%s' could not be written.\n", path);
		result->lost = true;
		return;
	}
	wr_histogram_print_hgrm(&result->run.latency[latency], sink.file, 1000, title);
	if (!sink_close(&sink, result->conf.log))
		result->lost = true;
}

static json_t *make_document(const struct wr_result *result, const struct verdict *verdict,
                             json_t *server)
{
	const struct run *run = &result->run;
	json_t *document = document_head(&result->conf);

	json_object_set_new(document, "start", start_of(result));
	json_object_set_new(document, "intervals", document_intervals(&run->intervals));
	json_object_set_new(document, "end", document_end(run, verdict));
	json_object_set(document, "server", server);
	document_verdict(document, &result->conf, verdict);
	return document;
}

/* How much a user must know of it: an error, an interrupt, a failure, a bad number, a miss. */
static unsigned gravity(enum wr_exit code)
{
	static const enum wr_exit order[] = {
		WR_EXIT_OK,          WR_EXIT_THRESHOLD,   WR_EXIT_INVALID, WR_EXIT_FAILED,
		WR_EXIT_INTERRUPTED, WR_EXIT_ENVIRONMENT, WR_EXIT_USAGE,
	};
	unsigned i = 0;

	while (i < WR_LEN(order) && order[i] != code)
		i++;
	return i;
}

static enum wr_exit graver(enum wr_exit a, enum wr_exit b)
{
	return gravity(b) > gravity(a) ? b : a;
}

/* The end of a stream is the document without what was streamed already. */
static void stream_end(struct wr_result *result, const struct verdict *verdict)
{
	json_t *end;

	if (!result->stream.file)
		return;
	if (verdict->error[0])
		stream_event(result, "error", json_string(verdict->error));
	end = json_copy(result->document);
	json_object_del(end, "start");
	json_object_del(end, "intervals");
	stream_event(result, "end", end);
}

enum wr_exit wr_result_end(struct wr_result *result, const struct wr_result_sample *sample,
                           const struct wr_result_end *end)
{
	const struct wr_result_conf *conf = &result->conf;
	struct verdict verdict;
	json_t *server = NULL;

	result->run.measured_ns = end->measured_ns;
	run_end(&result->run, sample);
	if (end->err)
		tell(conf, end->err);
	verdict_take(&verdict, &result->run, conf, end);
	if (end->server_before && end->server_after)
		server = document_server(&result->run, end->server_before, end->server_after);
	if (conf->live)
		text_summary(conf->live, &result->run, conf, &verdict, server);
	json_decref(result->document);
	result->document = make_document(result, &verdict, server);
	json_decref(server);
	if (result->documents)
		json_array_append(result->documents, result->document);
	stream_end(result, &verdict);
	for (unsigned i = 0; conf->hgrm && i < WR_LATENCY_COUNT; i++)
		if (wr_histogram_count(&result->run.latency[i]))
			write_hgrm(result, i);
	if (result->repeat.runs < result->runs)
		repeat_add(&result->repeat, &result->run);
	result->done++;
	result->exit = graver(result->exit, verdict.exit);
	return verdict.exit;
}

const json_t *wr_result_document(const struct wr_result *result)
{
	return result->document;
}

/* The document of all runs; the only one, if there was one. */
static json_t *whole_document(const struct wr_result *result)
{
	json_t *document;

	if (!result->documents)
		return json_incref(result->document);
	document = document_head(&result->conf);
	json_object_set_new(document, "kind", json_string(DOCUMENT_KIND "-repeat"));
	json_object_set_new(document, "start", document_start(&result->conf));
	json_object_set_new(document, "repeat", repeat_document(&result->repeat));
	json_object_set(document, "runs", result->documents);
	json_object_set_new(document, "exit_code", json_integer(result->exit));
	return document;
}

/* Writes the document; where that fails, to the next best place, so that it is not lost. */
static bool write_json(struct sink *sink, const struct wr_result_conf *conf, json_t *document)
{
	FILE *refuge = sink->is_out ? conf->log : conf->out;

	if (!sink->file)
		return true;
	write_document(sink->file, document);
	if (sink_close(sink, conf->log))
		return true;
	write_document(refuge, document);
	fflush(refuge);
	return false;
}

enum wr_exit wr_result_close(struct wr_result *result)
{
	json_t *document = whole_document(result);
	enum wr_exit code;

	if (result->runs > 1 && result->conf.live)
		repeat_print(result->conf.live, &result->repeat);
	if (!document || !write_json(&result->json, &result->conf, document))
		result->lost = true;
	json_decref(document);
	sink_drop(&result->json);
	if (!sink_close(&result->csv, result->conf.log))
		result->lost = true;
	if (!sink_close(&result->stream, result->conf.log))
		result->lost = true;
	code = graver(result->exit, result->lost ? WR_EXIT_FAILED : WR_EXIT_OK);
	free_result(result);
	return code;
}

enum wr_exit wr_result_error(const struct wr_result_conf *conf, const struct wr_err *err)
{
	struct wr_result_conf mine = *conf;
	struct wr_err ignored;
	struct sink sink;
	json_t *document = document_head(conf);

	mine.load = NULL;
	tell(conf, err);
	json_object_set_new(document, "start", document_start(&mine));
	json_object_set_new(document, "intervals", json_array());
	json_object_set_new(document, "valid", json_false());
	json_object_set_new(document, "error", json_string(err->text));
	json_object_set_new(document, "exit_code", json_integer(err->exit));
	if (conf->json_stream)
		write_event(conf->out, "error", document);
	if (conf->json && (sink_open_whole(&sink, conf->json, conf->out, &ignored) == 0 ||
	                   sink_open_whole(&sink, "-", conf->out, &ignored) == 0))
		write_json(&sink, conf, document);
	fflush(conf->out);
	json_decref(document);
	release(&mine);
	return err->exit;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "load.h"

/*
 * New setpoints while a load runs. A telemetry thread brings them; the control thread, which
 * alone talks to the workers, carries them out and says what became of it.
 */

#define ANSWER_BOUND_S 3

static const char *const names[] = {"connections", "cps", "rps", "bitrate", "pps"};

void wr_request_init(struct wr_request *request)
{
	memset(request, 0, sizeof(*request));
	pthread_mutex_init(&request->lock, NULL);
	pthread_cond_init(&request->changed, NULL);
}

void wr_request_fini(struct wr_request *request)
{
	pthread_cond_destroy(&request->changed);
	pthread_mutex_destroy(&request->lock);
}

/* ---- what is asked for ---- */

static int refuse(char *answer, size_t size, const char *sentence)
{
	snprintf(answer, size, "%s", strncmp(sentence, "--", 2) == 0 ? sentence + 2 : sentence);
	return -EINVAL;
}

/* Puts one NAME=VALUE into conf, by the rules of the command line. */
static int read_word(struct wr_conf *conf, char *word, char *answer, size_t size)
{
	static const struct wr_conf_origin origin = {WR_CONF_OPTION, 0};
	char *value = strchr(word, '=');
	struct wr_err err;
	bool known = false;

	if (!value || value == word) {
		snprintf(answer, size, "'%.64s' is not of the form name=value, such as rps=2M",
		         word);
		return -EINVAL;
	}
	*value++ = '\0';
	for (size_t i = 0; i < WR_LEN(names); i++)
		known |= strcmp(names[i], word) == 0;
	if (!known) {
		snprintf(answer, size,
		         "'%.64s' cannot be changed while it runs; connections, cps, rps, "
		         "bitrate and pps can",
		         word);
		return -EINVAL;
	}
	return wr_conf_set(conf, &origin, word, value, &err) < 0
	               ? refuse(answer, size, err.text)
	               : 0;
}

/* Starts with what is in force; words are separated by commas. */
static int read_words(const struct wr_run *run, const char *words,
                      struct wr_load_setpoints *set, char *answer, size_t size)
{
	struct wr_conf conf = *run->conf;
	char copy[512], *rest = copy, *word;
	int rc = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	conf.load.connections = set->connections;
	conf.load.cps = set->cps;
	conf.load.rps = set->rps;
	conf.load.bitrate = set->bitrate;
	conf.load.pps = set->pps;
	while (rc == 0 && (word = strsep(&rest, ",")))
		rc = *word ? read_word(&conf, word, answer, size) : 0;
	*set = (struct wr_load_setpoints) {
		.connections = conf.load.connections,
		.cps = conf.load.cps,
		.rps = conf.load.rps,
		.bitrate = conf.load.bitrate,
		.pps = conf.load.pps,
	};
	return rc;
}

/* What the generator itself would say against it. */
static int check(const struct wr_run *run, const struct wr_load_setpoints *set, char *answer,
                 size_t size)
{
	struct wr_load_conf changed = *run->load;
	struct wr_err err;

	changed.set = *set;
	if (wr_load_check(&changed, &err) < 0)
		return refuse(answer, size, err.text);
	if (set->connections < run->cores) {
		snprintf(answer, size, "connections: each of the %u cores needs one at least",
		         run->cores);
		return -EINVAL;
	}
	if (set->connections <= run->load->set.connections)
		return 0;
	snprintf(answer, size,
	         "connections: there is room for %llu, as many as the run began with; begin "
	         "with more, and lower them then",
	         (unsigned long long)run->load->set.connections);
	return -EINVAL;
}

/* ---- on the control thread ---- */

struct change {
	struct wr_load *load;
	const struct wr_load_setpoints *set;
	int rc;
};

static void change_core(struct wr_stack *stack, void *arg)
{
	struct change *change = arg;

	change->rc = wr_load_set(change->load, change->set, wr_stack_now_ns(stack));
}

static int change_all(struct wr_run *run, struct wr_appliance *app,
                      const struct wr_load_setpoints *set)
{
	int rc = 0;

	for (unsigned i = 0; i < run->cores && rc == 0; i++) {
		struct change change = {run->core[i], set, 0};

		rc = wr_appliance_call(app, run->first + i, change_core, &change);
		if (rc == 0)
			rc = change.rc;
	}
	if (rc == 0)
		run->set = *set;
	return rc;
}

static void carry_out(struct wr_run *run, struct wr_appliance *app)
{
	struct wr_request *request = &run->request;
	struct wr_load_setpoints set = run->set;
	char *answer = request->answer;
	size_t size = sizeof(request->answer);

	request->rc = read_words(run, request->words, &set, answer, size);
	if (request->rc == 0)
		request->rc = check(run, &set, answer, size);
	if (request->rc < 0)
		return;
	request->rc = change_all(run, app, &set);
	if (request->rc < 0)
		snprintf(answer, size, "a worker did not take it (%s); try again",
		         strerror(-request->rc));
	else
		snprintf(answer, size,
		         "connections=%llu cps=%.10g rps=%.10g bitrate=%.10g "
		         "pps=%.10g",
		         (unsigned long long)set.connections, set.cps, set.rps, set.bitrate,
		         set.pps);
}

void wr_request_answer(struct wr_run *run, struct wr_appliance *app)
{
	struct wr_request *request = &run->request;

	pthread_mutex_lock(&request->lock);
	if (request->state == WR_REQUEST_ASKED) {
		carry_out(run, app);
		request->state = WR_REQUEST_ANSWERED;
		pthread_cond_broadcast(&request->changed);
	}
	pthread_mutex_unlock(&request->lock);
}

/* ---- on a telemetry thread ---- */

/* Waits until the state is that, or the time is over. */
static bool wait_for(struct wr_request *request, enum wr_request_state state,
                     const struct timespec *until)
{
	int rc = 0;

	while (request->state != state && rc == 0)
		rc = pthread_cond_timedwait(&request->changed, &request->lock, until);
	return request->state == state;
}

int wr_run_set(struct wr_appliance *app, const char *words, char *answer, size_t size)
{
	struct wr_run *run = app->role->arg;
	struct wr_request *request = &run->request;
	struct timespec until;
	int rc = -ETIMEDOUT;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_BOUND_S;
	snprintf(answer, size, "the load is busy, or at its end; try again");
	pthread_mutex_lock(&request->lock);
	if (wait_for(request, WR_REQUEST_NONE, &until)) {
		snprintf(request->words, sizeof(request->words), "%s", words);
		request->state = WR_REQUEST_ASKED;
		if (wait_for(request, WR_REQUEST_ANSWERED, &until)) {
			snprintf(answer, size, "%s", request->answer);
			rc = request->rc;
		}
		request->state = WR_REQUEST_NONE;
		pthread_cond_broadcast(&request->changed);
	}
	pthread_mutex_unlock(&request->lock);
	return rc;
}

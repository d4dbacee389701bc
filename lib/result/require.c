/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "metric.h"
#include "wr_require.h"

/* Longer ones first: "<=" is not "<". */
static const struct {
	const char *text;
	enum wr_require_op op;
} ops[] = {
	{"<=", WR_LESS_EQUAL}, {">=", WR_GREATER_EQUAL}, {"==", WR_EQUAL},
	{"!=", WR_NOT_EQUAL},  {"<", WR_LESS},           {">", WR_GREATER},
};

const char *wr_require_op_text(enum wr_require_op op)
{
	for (unsigned i = 0; i < WR_LEN(ops); i++)
		if (ops[i].op == op)
			return ops[i].text;
	return "?";
}

/* Copies text[0..n) without the blanks around it; false: nothing is left, or too much. */
static bool copy_word(char *to, size_t size, const char *text, size_t n)
{
	while (n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	if (!n || n >= size)
		return false;
	memcpy(to, text, n);
	to[n] = '\0';
	return true;
}

static int refuse_form(const char *text, struct wr_err *err)
{
	return wr_err_set(
		err, WR_EXIT_USAGE, -EINVAL,
		"--require takes METRIC OP VALUE, as 'p99<50us' or 'rps>=1M', with OP "
		"one of < <= > >= == !=, not '%.80s'.",
		text);
}

static int refuse_metric(const char *name, struct wr_err *err)
{
	return wr_err_set(
		err, WR_EXIT_USAGE, -EINVAL,
		"--require knows no metric '%s'; there are rps, cps, pps, bitrate, loss, "
		"connections, failed, errors, timeouts, retransmits, drops, busy, p50 to "
		"p99.999, min, mean, stdev, max, each of these with connect., first_byte., "
		"service. or close. before it, and the counters of a result.",
		name);
}

int wr_require_parse(const char *text, struct wr_require *require, struct wr_err *err)
{
	size_t at = strcspn(text, "<>=!");
	struct metric metric;
	char value[64];
	unsigned op = 0;

	while (op < WR_LEN(ops) && strncmp(text + at, ops[op].text, strlen(ops[op].text)) != 0)
		op++;
	if (op == WR_LEN(ops) || strlen(text) >= sizeof(require->text) ||
	    !copy_word(require->metric, sizeof(require->metric), text, at))
		return refuse_form(text, err);
	at += strlen(ops[op].text);
	if (!copy_word(value, sizeof(value), text + at, strlen(text + at)))
		return refuse_form(text, err);
	if (!metric_find(require->metric, &metric))
		return refuse_metric(require->metric, err);
	if (!wr_number_read(metric.unit, value, &require->value))
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--require '%s': '%s' is no value of %s; write a number with "
		                  "%s.",
		                  text, value, require->metric,
		                  wr_number_suffixes(metric.unit));
	snprintf(require->text, sizeof(require->text), "%s", text);
	require->op = ops[op].op;
	return 0;
}

static bool holds(double a, enum wr_require_op op, double b)
{
	switch (op) {
	case WR_LESS:
		return a < b;
	case WR_LESS_EQUAL:
		return a <= b;
	case WR_GREATER:
		return a > b;
	case WR_GREATER_EQUAL:
		return a >= b;
	case WR_EQUAL:
		return a == b;
	default:
		return a != b;
	}
}

struct wr_require_verdict wr_require_judge(const struct wr_require *require, bool has_value,
                                           double value)
{
	return (struct wr_require_verdict) {
		.has_value = has_value,
		.value = has_value ? value : 0,
		.met = has_value && holds(value, require->op, require->value),
	};
}

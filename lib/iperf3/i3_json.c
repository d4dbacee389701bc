/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "i3_json.h"

static int wrong(const struct i3_reader *from, const char *key, const char *how)
{
	return wr_err_set(from->err, WR_EXIT_FAILED, -EINVAL, "%s: \"%s\" %s", from->what, key,
	                  how);
}

/* The member; NULL and *rc if there is none. */
static const json_t *member(const struct i3_reader *from, const char *key, enum i3_need need,
                            int *rc)
{
	const json_t *value = json_object_get(from->object, key);

	*rc = 0;
	if (!value && need == I3_MANDATORY)
		*rc = wrong(from, key, "is missing");
	return value;
}

/* A document with a number above 2^63 is read with reals alone: see i3_parse(). */
static bool is_integer(const json_t *value)
{
	double number = json_real_value(value);

	return json_is_integer(value) ||
	       (json_is_real(value) && fabs(number) < 9e18 && trunc(number) == number);
}

int i3_read_integer(const struct i3_reader *from, const char *key, enum i3_need need,
                    int64_t least, int64_t most, int64_t *out)
{
	int rc;
	const json_t *value = member(from, key, need, &rc);
	int64_t n;

	if (!value)
		return rc;
	if (!is_integer(value))
		return wrong(from, key, "is not an integer");
	n = json_is_integer(value) ? json_integer_value(value)
	                           : (int64_t)json_real_value(value);
	if (n < least || n > most)
		return wr_err_set(from->err, WR_EXIT_FAILED, -ERANGE,
		                  "%s: \"%s\" is %lld, not between %lld and %lld", from->what,
		                  key, (long long)n, (long long)least, (long long)most);
	*out = n;
	return 0;
}

int i3_read_number(const struct i3_reader *from, const char *key, enum i3_need need,
                   double *out)
{
	int rc;
	const json_t *value = member(from, key, need, &rc);

	if (!value)
		return rc;
	if (!json_is_number(value) || !isfinite(json_number_value(value)))
		return wrong(from, key, "is not a number");
	*out = json_number_value(value);
	return 0;
}

int i3_read_flag(const struct i3_reader *from, const char *key, bool *out)
{
	int rc;
	const json_t *value = member(from, key, I3_OPTIONAL, &rc);

	if (!value)
		return 0;
	if (json_is_boolean(value))
		*out = json_is_true(value);
	else if (json_is_integer(value))
		*out = json_integer_value(value) != 0;
	else
		return wrong(from, key, "is neither true nor false");
	return 0;
}

int i3_read_text(const struct i3_reader *from, const char *key, char *out, size_t size)
{
	int rc;
	const json_t *value = member(from, key, I3_OPTIONAL, &rc);
	size_t n;

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong(from, key, "is not a text");
	n = json_string_length(value);
	if (n >= size)
		n = size - 1;
	memcpy(out, json_string_value(value), n);
	out[n] = '\0';
	return 0;
}

json_t *i3_parse(const char *text, size_t bytes, const char *what, struct wr_err *err)
{
	json_error_t error;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);

	/* Some peers write -1 as 2^64 - 1, which is too long for an integer. */
	if (!root && json_error_code(&error) == json_error_numeric_overflow)
		root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
		                  &error);
	if (root && json_is_object(root))
		return root;
	if (root)
		wr_err_set(err, WR_EXIT_FAILED, -EINVAL, "%s: not an object", what);
	else
		wr_err_set(err, WR_EXIT_FAILED, -EINVAL, "%s: %.200s", what, error.text);
	json_decref(root);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "wr_base.h"
#include "wr_err.h"
#include "wr_test.h"

static void an_error_keeps_sentence_exit_code_and_errno(void **state)
{
	struct wr_err err;

	assert_int_equal(
		wr_err_set(&err, WR_EXIT_USAGE, -EINVAL, "Port %d is not a port.", 70000),
		-EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_string_equal(err.text, "Port 70000 is not a port.");
}

static void a_sentence_too_long_is_cut(void **state)
{
	struct wr_err err;
	char word[2 * sizeof(err.text)];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	assert_int_equal(wr_err_set(&err, WR_EXIT_ENVIRONMENT, -EIO, "%s", word), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	static const struct {
		const char *said, *kept;
	} said[] = {
		{"20ms\xc2\xb1"
	         "5ms \xe2\x82\xac \xf0\x9f\x98\x80",
	         "20ms\xc2\xb1"
	         "5ms \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xb1 alone", "? alone"},
		{"cut \xe2\x82", "cut ??"},
		{"\xc2", "?"},
		{"overlong \xc0\x80 \xe0\x80\x80", "overlong ?? ???"},
		{"surrogate \xed\xa0\x80", "surrogate ???"},
		{"\xf4\x90\x80\x80 \xff \xfe", "???? ? ?"},
	};

	for (size_t i = 0; i < WR_LEN(said); i++) {
		struct wr_err err;

		wr_err_set(&err, WR_EXIT_USAGE, -EINVAL, "%s", said[i].said);
		assert_string_equal(err.text, said[i].kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_keeps_sentence_exit_code_and_errno),
		cmocka_unit_test(a_sentence_too_long_is_cut),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_keeps_sentence_exit_code_and_errno),
		cmocka_unit_test(a_sentence_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

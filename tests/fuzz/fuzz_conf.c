/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration: lines of NAME=VALUE for one command (first byte). A key that is refused
 * changes nothing; what is accepted can be checked and printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wr_conf.h"

static void set(struct wr_conf *conf, const char *name, const char *value)
{
	static const struct wr_conf_origin from = {.source = WR_CONF_OPTION};
	static struct wr_conf before;
	struct wr_err err = {0};

	memcpy(&before, conf, sizeof(before));
	if (wr_conf_set(conf, &from, name, value, &err) == 0)
		return;
	FUZZ_HOLDS(err.text[0] != '\0');
	FUZZ_HOLDS(memcmp(&before, conf, sizeof(before)) == 0);
}

static void print(const struct wr_conf *conf)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	FUZZ_HOLDS(out != NULL);
	wr_conf_print(out, conf);
	fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct wr_conf conf;
	struct wr_err err = {0};
	char *text, *line, *rest;

	if (size == 0)
		return 0;
	memset(&conf, 0, sizeof(conf));
	wr_conf_default(&conf, (enum wr_conf_command)(1u << bytes[0] % 4));
	text = fuzz_text(bytes + 1, size - 1);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, '=');

		if (value)
			*value++ = '\0';
		set(&conf, line, value ? value : "");
	}
	if (wr_conf_check(&conf, &err) != 0)
		FUZZ_HOLDS(err.text[0] != '\0');
	print(&conf);
	free(text);
	return 0;
}

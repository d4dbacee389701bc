/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>

#include "write.h"

#define FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(13))

static bool is_list_of_objects(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void write_list(FILE *out, const json_t *list)
{
	const json_t *row;
	size_t i;

	fputc('[', out);
	json_array_foreach(list, i, row)
	{
		fputs(i ? ",\n  " : "\n  ", out);
		json_dumpf(row, out, FLAGS);
	}
	fputs("\n ]", out);
}

void write_document(FILE *out, const json_t *document)
{
	const char *key, *separator = "\n ";
	json_t *value;

	fputc('{', out);
	json_object_foreach((json_t *)document, key, value)
	{
		json_t *name = json_string(key);

		fputs(separator, out);
		json_dumpf(name, out, FLAGS);
		json_decref(name);
		fputs(": ", out);
		if (is_list_of_objects(value))
			write_list(out, value);
		else
			json_dumpf(value, out, FLAGS);
		separator = ",\n ";
	}
	fputs("\n}\n", out);
}

void write_event(FILE *out, const char *name, json_t *data)
{
	json_t *event = json_pack("{s:s, s:O}", "event", name, "data", data);

	json_dumpf(event, out, FLAGS);
	fputc('\n', out);
	json_decref(event);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "document.h"
#include "html.h"

static bool is_kind(const char *kind)
{
	return kind &&
	       (strcmp(kind, DOCUMENT_KIND) == 0 || strcmp(kind, DOCUMENT_KIND "-repeat") == 0);
}

int wr_html_check(const json_t *document, const char *name, struct wr_err *err)
{
	const json_t *schema = json_object_get(document, "schema");

	if (!is_kind(json_string_value(json_object_get(document, "kind"))) ||
	    !json_is_integer(schema))
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "'%s' is no result of `wringer load --json`.", name);
	if (json_integer_value(schema) > DOCUMENT_SCHEMA)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EINVAL,
			"'%s' was written by a later version of Wringer (schema %lld; "
			"this one reads up to %d).",
			name, (long long)json_integer_value(schema), DOCUMENT_SCHEMA);
	return 0;
}

json_t *wr_html_read(const char *path, struct wr_err *err)
{
	json_error_t error;
	json_t *document;
	FILE *file = fopen(path, "re");

	if (!file) {
		wr_err_set(err, WR_EXIT_USAGE, -errno, "'%s' cannot be read: %s.", path,
		           strerror(errno));
		return NULL;
	}
	document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	if (!document) {
		wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		           "'%s' is no JSON document: line %d, %s.", path, error.line,
		           error.text);
		return NULL;
	}
	if (wr_html_check(document, path, err) < 0) {
		json_decref(document);
		return NULL;
	}
	return document;
}

const json_t *html_find(const json_t *document, const char *path)
{
	char name[64];

	while (document && *path) {
		size_t n = strcspn(path, "/");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		document = json_object_get(document, name);
		path += n + (path[n] == '/');
	}
	return document;
}

bool html_has_number(const json_t *document, const char *path, double *value)
{
	const json_t *found = html_find(document, path);

	*value = json_number_value(found);
	return json_is_number(found);
}

double html_get(const json_t *document, const char *path)
{
	return json_number_value(html_find(document, path));
}

const char *html_string(const json_t *document, const char *path)
{
	return json_string_value(html_find(document, path));
}

static void add_run(struct html_group *group, const json_t *run)
{
	if (group->runs < WR_HTML_RUNS && json_is_object(run))
		group->run[group->runs++] = run;
}

void html_page_init(struct html_page *page, const struct wr_html_input *inputs, unsigned n)
{
	memset(page, 0, sizeof(*page));
	for (unsigned i = 0; i < n && i < WR_HTML_DOCUMENTS; i++) {
		struct html_group *group = &page->group[page->groups++];
		const json_t *runs = json_object_get(inputs[i].document, "runs"), *run;
		size_t k;

		group->name = inputs[i].name;
		if (!json_is_array(runs))
			add_run(group, inputs[i].document);
		json_array_foreach(runs, k, run) add_run(group, run);
	}
}

const char *html_latency(const json_t *run)
{
	static const char *const names[] = {"response", "connect"};
	char path[64];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "end/latency/%s/count", names[i]);
		if (html_get(run, path) > 0)
			return names[i];
	}
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "keys.h"

#define MEMBER_MAX sizeof(struct wr_conf_port_list) /* the largest member */

static const char *where(const struct wr_conf *conf, const struct wr_conf_origin *from,
                         const char *name, char *buf, size_t size)
{
	if (from->source == WR_CONF_FILE)
		snprintf(buf, size, "%s:%u: %s", conf->file, from->line, name);
	else
		snprintf(buf, size, "--%s", name);
	return buf;
}

static int no_such_key(const struct wr_conf *conf, const struct wr_conf_origin *from,
                       const char *name, struct wr_err *err)
{
	const char *command = wr_conf_command_name(conf->command);
	const char *nearest = wr_conf_nearest(name, conf->command);
	const char *dashes = from->source == WR_CONF_FILE ? "" : "--";
	char at[WR_CONF_TEXT + 16] = "", others[64];
	char hint[96] = "";
	unsigned number;
	const struct wr_conf_key *key = wr_conf_find(name, WR_CONF_ANY, &number);

	if (from->source == WR_CONF_FILE)
		snprintf(at, sizeof(at), "%s:%u: ", conf->file, from->line);
	if (key)
		return wr_err_set(
			err, WR_EXIT_USAGE, -ENOENT,
			"%s%s%s belongs to wringer %s, not to wringer %s; leave it out", at,
			dashes, name,
			wr_conf_commands_format(key->commands, others, sizeof(others)),
			command);
	if (nearest)
		snprintf(hint, sizeof(hint), " did you mean '%s%s'?", dashes, nearest);
	return wr_err_set(err, WR_EXIT_USAGE, -ENOENT,
	                  "%sthere is no %s '%s%s';%s `wringer %s --help` lists them all", at,
	                  dashes[0] ? "option" : "key", dashes, name, hint, command);
}

static void list_choices(const struct wr_conf_key *key, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned i = 0; key->choices[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
		                      i == 0 ? "" : (key->choices[i + 1] ? ", " : " or "),
		                      key->choices[i]);
}

static int bad_value(const struct wr_conf *conf, const struct wr_conf_origin *from,
                     const struct wr_conf_key *key, const char *value, int rc,
                     struct wr_err *err)
{
	char at[WR_CONF_TEXT + 64], choices[96] = "";
	const char *wanted = key->kind->wanted;

	where(conf, from, key->name, at, sizeof(at));
	if (rc == -ERANGE)
		return wr_err_set(err, WR_EXIT_USAGE, rc, "%s: %s is not between %s and %s%s%s",
		                  at, value, key->min, key->max, key->zero ? ", nor " : "",
		                  key->zero ? key->zero : "");
	if (rc == -E2BIG)
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "%s: '%.64s' is one item or letter too many; give fewer", at,
		                  value);
	if (!wanted) {
		list_choices(key, choices, sizeof(choices));
		wanted = choices;
	}
	return wr_err_set(err, WR_EXIT_USAGE, rc, "%s: '%.128s' is not %s%s%s", at, value,
	                  wanted, key->zero ? ", nor " : "", key->zero ? key->zero : "");
}

int wr_conf_set(struct wr_conf *conf, const struct wr_conf_origin *from, const char *name,
                const char *value, struct wr_err *err)
{
	unsigned number;
	const struct wr_conf_key *key = wr_conf_find(name, conf->command, &number);
	char before[MEMBER_MAX];
	void *at;
	int rc;

	if (!key)
		return no_such_key(conf, from, name, err);
	assert(key->size <= sizeof(before));
	at = (char *)conf + key->offset;
	memcpy(before, at, key->size);
	if (key->kind->clear &&
	    (conf->origin[number].source < from->source || from->source == WR_CONF_PRESET))
		key->kind->clear(key, at);
	rc = key->kind->read(key, value, at);
	if (rc < 0) {
		memcpy(at, before, key->size);
		return bad_value(conf, from, key, value, rc, err);
	}
	conf->origin[number] = *from;
	return 0;
}

void wr_conf_default(struct wr_conf *conf, enum wr_conf_command command)
{
	static const struct wr_conf_origin preset = {WR_CONF_PRESET, 0};
	struct wr_err err;

	memset(conf, 0, sizeof(*conf));
	conf->command = command;
	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++)
			if (key->commands & command && key->preset)
				wr_conf_set(conf, &preset, key->name, key->preset, &err);
}

/* Cuts blanks at both ends, and a comment: a # at the start or behind a blank. */
static char *trim(char *text)
{
	size_t length;

	for (char *p = text; *p; p++)
		if (*p == '#' && (p == text || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			break;
		}
	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int set_line(struct wr_conf *conf, char *line, unsigned number, struct wr_err *err)
{
	struct wr_conf_origin from = {WR_CONF_FILE, number};
	char *name, *equals;

	name = trim(line);
	if (name[0] == '\0')
		return 0;
	equals = strchr(name, '=');
	if (!equals || equals == name)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%s:%u: '%.64s' is not a line of the form name = value",
		                  conf->file, number, name);
	*equals = '\0';
	return wr_conf_set(conf, &from, trim(name), trim(equals + 1), err);
}

int wr_conf_file(struct wr_conf *conf, const char *path, struct wr_err *err)
{
	char line[2 * WR_CONF_TEXT];
	unsigned number = 0;
	FILE *in = fopen(path, "r");
	int rc = 0;

	if (!in || strlen(path) >= sizeof(conf->file)) {
		rc = in ? ENAMETOOLONG : errno;
		if (in)
			fclose(in);
		return wr_err_set(err, WR_EXIT_USAGE, -rc,
		                  "--config: cannot read '%s': %s; name a file that exists",
		                  path, strerror(rc));
	}
	strcpy(conf->file, path);
	while (rc == 0 && fgets(line, sizeof(line), in)) {
		number++;
		if (!strchr(line, '\n') && !feof(in))
			rc = wr_err_set(err, WR_EXIT_USAGE, -E2BIG,
			                "%s:%u: the line is longer than %zu bytes; shorten it",
			                path, number, sizeof(line) - 2);
		else
			rc = set_line(conf, line, number, err);
	}
	if (rc == 0 && ferror(in))
		rc = wr_err_set(err, WR_EXIT_USAGE, -EIO,
		                "--config: '%s' cannot be read to its end; give a regular file",
		                path);
	fclose(in);
	return rc;
}

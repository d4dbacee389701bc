/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "keys.h"

/* One option of the command line. */
struct option {
	char name[64];
	const char *value; /* NULL: none was given */
	bool is_bare;      /* a word alone: the target */
};

/* The options that are no keys. */
static bool is_action(const char *name)
{
	return strcmp(name, "help") == 0 || strcmp(name, "print-config") == 0;
}

static bool is_switch_word(const char *word)
{
	static const char *const words[] = {"on", "off", "yes", "no", "true", "false"};

	for (size_t i = 0; i < WR_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool takes_dashes(const struct wr_conf_key *key)
{
	return key && key->kind == &wr_conf_words;
}

/* The value in the next word, if this option takes it. */
static int value_behind(struct option *o, unsigned command, int argc, char *const *argv, int *i,
                        struct wr_err *err)
{
	unsigned number;
	const struct wr_conf_key *key = wr_conf_find(o->name, command, &number);
	const char *word = *i + 1 < argc ? argv[*i + 1] : NULL;

	if (is_action(o->name))
		return 0;
	if (key && key->kind == &wr_conf_bool) {
		o->value = "on";
		if (!word || !is_switch_word(word))
			return 0;
	} else if (key && key->kind == &wr_conf_output) {
		o->value = "on";
		return 0;
	} else if (!key && strcmp(o->name, "config") != 0) {
		if (!word || word[0] == '-')
			return 0; /* a typing error, told of later */
	} else if (!word || (strncmp(word, "--", 2) == 0 && !takes_dashes(key))) {
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--%s: the value is missing; write --%s %s", o->name, o->name,
		                  key ? key->kind->meta : "FILE");
	}
	o->value = word;
	++*i;
	return 0;
}

/* Reads the option at argv[*i] and moves *i to its last word. */
static int read_option(struct option *o, unsigned command, int argc, char *const *argv, int *i,
                       struct wr_err *err)
{
	const char *word = argv[*i];
	const char *equals = strchr(word, '=');
	unsigned number;
	size_t length;

	*o = (struct option) {.value = NULL};
	if (strcmp(word, "-h") == 0)
		word = "--help";
	if (word[0] != '-' && wr_conf_find("target", command, &number)) {
		strcpy(o->name, "target");
		o->value = word;
		o->is_bare = true;
		return 0;
	}
	if (strncmp(word, "--", 2) != 0 || word[2] == '\0')
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "'%.128s' is not an option; options are written --name value",
		                  word);
	length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
	if (length >= sizeof(o->name))
		length = sizeof(o->name) - 1;
	memcpy(o->name, word + 2, length);
	if (equals) {
		o->value = equals + 1;
		return 0;
	}
	return value_behind(o, command, argc, argv, i, err);
}

static int read_print(const char *form, enum wr_conf_action *action, struct wr_err *err)
{
	*action = form ? WR_CONF_MARKDOWN : WR_CONF_PRINT;
	if (form && strcmp(form, "markdown") != 0)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--print-config: '%.64s' is not markdown; leave it out for "
		                  "the form of the file",
		                  form);
	return 0;
}

/* First pass: what is to be done, which file lies beneath, and how a mistake is told. */
static int find_actions(struct wr_conf *conf, int argc, char *const *argv,
                        enum wr_conf_action *action, struct wr_err *err)
{
	const char *target = NULL;

	*action = WR_CONF_RUN;
	for (int i = 1; i < argc; i++) {
		struct wr_err ignored;
		struct option o;
		int rc = read_option(&o, conf->command, argc, argv, &i, err);

		if (rc == 0 && o.is_bare && target)
			return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
			                  "'%.64s' is a target beside %.64s; give one of them",
			                  o.value, target);
		if (rc == 0 && o.is_bare)
			target = o.value;
		if (rc == 0 && strcmp(o.name, "config") == 0) {
			if (conf->file[0])
				return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
				                  "--config is given twice; give one file");
			rc = wr_conf_file(conf, o.value, err);
		} else if (rc == 0 && strcmp(o.name, "json") == 0) {
			wr_conf_set(conf, &(struct wr_conf_origin) {WR_CONF_OPTION, 0}, o.name,
			            o.value ? o.value : "", &ignored);
		} else if (rc == 0 && strcmp(o.name, "help") == 0) {
			*action = WR_CONF_HELP;
			return 0;
		} else if (rc == 0 && strcmp(o.name, "print-config") == 0) {
			rc = read_print(o.value, action, err);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int wr_conf_args(struct wr_conf *conf, enum wr_conf_command command, int argc,
                 char *const *argv, enum wr_conf_action *action, struct wr_err *err)
{
	static const struct wr_conf_origin from = {WR_CONF_OPTION, 0};
	int rc;

	wr_conf_default(conf, command);
	rc = find_actions(conf, argc, argv, action, err);
	if (rc < 0 || *action == WR_CONF_HELP)
		return rc;
	for (int i = 1; i < argc; i++) {
		struct option o;

		rc = read_option(&o, command, argc, argv, &i, err);
		if (rc < 0)
			return rc;
		if (is_action(o.name) || strcmp(o.name, "config") == 0)
			continue;
		rc = wr_conf_set(conf, &from, o.name, o.value ? o.value : "", err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "keys.h"

/* The table of keys, told to readers: help, file form, documentation, JSON echo. */

#define VALUE 512 /* bytes of a value as text, its end included */
#define LEFT  29  /* columns of an option and its value in --help */

static void describe(const struct wr_conf_key *key, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned i = 0; key->choices && key->choices[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? "|" : "", key->choices[i]);
	if (n == 0)
		snprintf(buf, size, "%s", key->kind->meta);
}

/* Whether any key of the group is that command's. */
static bool has_keys(const struct wr_conf_group *group, enum wr_conf_command command)
{
	for (const struct wr_conf_key *key = group->keys; key->name; key++)
		if (key->commands & command)
			return true;
	return false;
}

static void print_option(FILE *out, const struct wr_conf_key *key)
{
	char meta[64], left[96];

	describe(key, meta, sizeof(meta));
	snprintf(left, sizeof(left), "--%s %s", key->name, meta);
	if (strlen(left) > LEFT) /* the help begins in its column all the same */
		fprintf(out, "  %s\n  %-*s %s", left, LEFT, "", key->help);
	else
		fprintf(out, "  %-*s %s", LEFT, left, key->help);
	if (key->preset)
		fprintf(out, " (default %s)", key->preset);
	fputc('\n', out);
}

void wr_conf_print_help(FILE *out, enum wr_conf_command command)
{
	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++) {
		if (!has_keys(g, command))
			continue;
		fprintf(out, "\n%s:\n", g->title);
		for (const struct wr_conf_key *key = g->keys; key->name; key++)
			if (key->commands & command)
				print_option(out, key);
	}
	fputs("\nOther:\n"
	      "  --config FILE                 Read `name = value` lines; options override "
	      "them\n"
	      "  --print-config                Print the merged configuration and end\n"
	      "  --help                        Print this text and end\n"
	      "\n"
	      "[k|M] multiply counts by 1000 and 1000000; [K|M|G] multiply bytes by 1024 to "
	      "the\n"
	      "power of 1 to 3; Ki, Mi and Gi mean that everywhere. Durations have a unit: us, "
	      "ms,\n"
	      "s, min, h. A switch without on or off means on.\n",
	      out);
}

static void print_lines(FILE *out, const struct wr_conf_key *key, const void *at)
{
	char value[VALUE];

	if (!key->kind->write(key, at, 0, value, sizeof(value)))
		fprintf(out, "#%s =\n", key->name);
	for (unsigned i = 0; key->kind->write(key, at, i, value, sizeof(value)); i++)
		fprintf(out, "%s = %s\n", key->name, value);
}

void wr_conf_print(FILE *out, const struct wr_conf *conf)
{
	bool first = true;

	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++) {
		if (!has_keys(g, conf->command))
			continue;
		fprintf(out, "%s# %s\n", first ? "" : "\n", g->title);
		first = false;
		for (const struct wr_conf_key *key = g->keys; key->name; key++)
			if (key->commands & conf->command && !key->shorthand)
				print_lines(out, key, wr_conf_at(conf, key));
	}
}

/* Counts and bytes are numbers unless a word stands for zero; durations keep their unit. */
static void classify(struct wr_conf_item *item, const struct wr_conf_key *key, const void *at)
{
	if (key->kind == &wr_conf_bool) {
		item->form = WR_CONF_AS_SWITCH;
		item->number = *(const bool *)at;
	} else if (key->kind == &wr_conf_count || key->kind == &wr_conf_bytes) {
		memcpy(&item->number, at, sizeof(item->number));
		if (item->number || !key->zero)
			item->form = WR_CONF_AS_NUMBER;
	}
}

void wr_conf_echo(const struct wr_conf *conf,
                  void (*each)(void *ctx, const struct wr_conf_item *item), void *ctx)
{
	char text[VALUE];

	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++)
		for (const struct wr_conf_key *key = g->keys; key->name; key++) {
			const void *at = wr_conf_at(conf, key);
			struct wr_conf_item item = {
				.name = key->name,
				.text = text,
				.is_list = key->kind->clear,
			};

			if (!(key->commands & conf->command))
				continue;
			classify(&item, key, at);
			for (unsigned i = 0; key->kind->write(key, at, i, text, sizeof(text));
			     i++)
				each(ctx, &item);
		}
}

/* Writes a table cell: a bar would end it. */
static void print_cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void print_row(FILE *out, const struct wr_conf_key *key)
{
	char meta[64], commands[64];

	describe(key, meta, sizeof(meta));
	fprintf(out, "| `%s` | %s | ", key->name,
	        wr_conf_commands_format(key->commands, commands, sizeof(commands)));
	print_cell(out, meta);
	fprintf(out, " | %s | ", key->preset ? key->preset : "");
	if (key->min)
		fprintf(out, "%s to %s%s%s", key->min, key->max, key->zero ? ", " : "",
		        key->zero ? key->zero : "");
	fputs(" | ", out);
	print_cell(out, key->help);
	fputs(" |\n", out);
}

void wr_conf_print_markdown(FILE *out)
{
	fputs("# Configuration\n"
	      "\n"
	      "This page is made by `wringer serve --print-config=markdown`; a test checks "
	      "that it\n"
	      "is fresh.\n"
	      "\n"
	      "Every key is written `--name value` on the command line and `name = value` in "
	      "the\n"
	      "file that `--config FILE` names, and stands under the same name in the JSON "
	      "summary.\n"
	      "Options override the file, the file overrides the defaults. Keys that take "
	      "several\n"
	      "values (`port`, `ip`, `service`) may be repeated; the first use on the command "
	      "line\n"
	      "replaces what the file said. In the file `#` begins a comment.\n"
	      "A key of another command is refused. `wringer size` and `wringer demo` take the\n"
	      "keys of `load`; both ends of a demo are there already (`port`, `ip`).\n"
	      "`wringer serve ... --print-config` prints the merged result in file form.\n"
	      "\n"
	      "Counts take `k` and `M` (thousands), bytes `K`, `M` and `G` (powers of 1024), "
	      "both\n"
	      "take `Ki`, `Mi` and `Gi`. Durations have a unit: `us`, `ms`, `s`, `min`, `h`.\n"
	      "Switches are `on` or `off`; on the command line a switch alone means on.\n",
	      out);
	for (const struct wr_conf_group *g = wr_conf_groups; g->title; g++) {
		fprintf(out,
		        "\n## %s\n\n| Key | Commands | Value | Default | Bounds | Meaning |\n",
		        g->title);
		fputs("|---|---|---|---|---|---|\n", out);
		for (const struct wr_conf_key *key = g->keys; key->name; key++)
			print_row(out, key);
	}
}

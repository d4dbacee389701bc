/* SPDX-License-Identifier: BSD-3-Clause */
/* What a packet script tells the service to do. What must be true then: condition.c. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static bool done(struct script *s, bool ok)
{
	if (!ok)
		return script_fail(s, "%s", s->world.wrong);
	world_run_until(&s->world, s->world.now_ns, false);
	return true;
}

static bool do_listen(struct script *s, unsigned flow, const struct argument *a)
{
	s->is_listening = true;
	return done(s, world_listen(&s->world));
}

/* Its clock stands still: the peer's last ACK has the timestamp of its SYN. */
static bool do_established(struct script *s, unsigned flow, const struct argument *a)
{
	const char *options = a->text[0] ? a->text : "<mss 1000>";
	const char *ts = strstr(options, "TS val ");
	char echo[64] = "";
	char syn[256], synack[64], ack[256];

	snprintf(syn, sizeof(syn), "< @%u S 0:0(0) win 65535 %s", flow, options);
	if (ts)
		snprintf(echo, sizeof(echo), "<TS val %llu ecr 1000>",
		         strtoull(ts + 7, NULL, 0));
	snprintf(ack, sizeof(ack), "+%u.%06u < @%u . 1:1(0) ack 1 win 65535 %s",
	         s->world.rtt_us / 1000000, s->world.rtt_us % 1000000, flow, echo);
	if (!s->is_listening && !script_event(s, "listen"))
		return false;
	snprintf(synack, sizeof(synack), "> @%u S. 0:0(0) ack 1 <...>", flow);
	return script_event(s, syn) && script_event(s, synack) && script_event(s, ack);
}

static bool do_connect(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_connect(&s->world, flow));
}

static bool do_connect_send(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_connect(&s->world, flow) &&
	                       world_send(&s->world, flow, (uint32_t)a->n));
}

static bool do_send(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_send(&s->world, flow, (uint32_t)a->n));
}

static bool do_close(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_close(&s->world, flow));
}

static bool do_send_close(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_send(&s->world, flow, (uint32_t)a->n) &&
	                       world_close(&s->world, flow));
}

static bool do_abort(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_abort(&s->world, flow));
}

static bool do_pause(struct script *s, unsigned flow, const struct argument *a)
{
	s->world.flow[flow].quota = 0;
	return true;
}

static bool do_read(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_read(&s->world, flow, (uint32_t)a->n));
}

static bool do_options(struct script *s, unsigned flow, const struct argument *a)
{
	return done(s, world_set_options(&s->world, flow));
}

static bool do_forget(struct script *s, unsigned flow, const struct argument *a)
{
	memset(&s->world.flow[flow], 0, sizeof(s->world.flow[flow]));
	return true;
}

static bool do_starve(struct script *s, unsigned flow, const struct argument *a)
{
	world_starve(&s->world, (unsigned)a->n);
	return true;
}

static bool do_feed(struct script *s, unsigned flow, const struct argument *a)
{
	world_feed(&s->world);
	return true;
}

static const struct command doings[] = {
	{"listen", NOTHING, do_listen, "listens on port 7000"},
	{"established", OPTIONS, do_established,
         "listens, and the peer shakes hands with these options, `<mss 1000>` without, and a "
         "window of 65535; its ACK comes after `rtt_us`"},
	{"connect", NOTHING, do_connect, "an active open, to port 40000 + FLOW of the peer"},
	{"connect_send", NUMBER, do_connect_send,
         "the same with N bytes given before the SYN leaves: Fast Open"},
	{"send", NUMBER, do_send, "the service sends N bytes, in buffers of `chunk`"},
	{"close", NOTHING, do_close, "closes our direction, once all is handed over"},
	{"send_close", NUMBER, do_send_close, "both at once: the FIN goes with the text"},
	{"abort", NOTHING, do_abort, "ends the connection with a reset"},
	{"pause", NOTHING, do_pause, "takes no more text"},
	{"read", BYTES, do_read, "takes up to N bytes more"},
	{"options", NOTHING, do_options,
         "gives the options that were `set` to a connection that is already there"},
	{"forget", NOTHING, do_forget,
         "what was counted of the flow: its next SYN is another connection"},
	{"starve", NUMBER, do_starve, "all buffers but N are in use elsewhere, until `feed`"},
	{"feed", NOTHING, do_feed, "they are there again"},
};

const struct command_table command_doings = {doings, WR_LEN(doings)};

/* ---- arguments ---- */

static const char *const form_text[] = {
	[NOTHING] = "",   [NUMBER] = " N",           [BYTES] = " N|all",
	[NAME] = " NAME", [NAME_NUMBER] = " NAME N", [OPTIONS] = " [<OPTIONS>]",
};

bool script_number(const char **at, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*n = strtoull(*at, &end, 0);
	*at = end;
	return !errno && (!*end || isspace((unsigned char)*end));
}

static bool take_name(const char **at, struct argument *a)
{
	int used = 0;

	if (sscanf(*at, "%63s %n", a->name, &used) != 1)
		return false;
	*at += used;
	return true;
}

static bool read_argument(const char *at, enum form form, struct argument *a)
{
	*a = (struct argument) {.text = at};
	switch (form) {
	case NOTHING:
		break;
	case OPTIONS:
		return !at[0] || (at[0] == '<' && at[strlen(at) - 1] == '>');
	case BYTES:
		if (!strcmp(at, "all"))
			return a->n = UINT32_MAX, true;
		return script_number(&at, &a->n) && !*at && a->n <= UINT32_MAX;
	case NUMBER:
		return script_number(&at, &a->n) && !*at && a->n <= UINT32_MAX;
	case NAME:
		return take_name(&at, a) && !*at;
	case NAME_NUMBER:
		return take_name(&at, a) && script_number(&at, &a->n) && !*at;
	}
	return !*at;
}

/* ---- running ---- */

static const struct command *find(const struct command_table *table, const char *name)
{
	for (unsigned i = 0; i < table->count; i++) {
		if (!strcmp(name, table->command[i].name))
			return &table->command[i];
	}
	return NULL;
}

/* "@2 ": the flow that is meant, 0 without. */
static bool read_flow(struct script *s, const char **at, unsigned *flow)
{
	int used = 0;

	*flow = 0;
	if (**at != '@')
		return true;
	if (sscanf(*at, "@%u %n", flow, &used) != 1 || *flow >= WORLD_FLOWS)
		return script_fail(s, "expected @FLOW below %u, got \"%s\"", WORLD_FLOWS, *at);
	*at += used;
	return true;
}

bool script_command(struct script *s, const char *text)
{
	const struct command *command;
	struct argument argument;
	unsigned flow;
	int used = 0;
	char name[32] = "";

	if (!read_flow(s, &text, &flow))
		return false;
	sscanf(text, "%31s %n", name, &used);
	command = find(&command_doings, name);
	if (!command)
		command = find(&command_conditions, name);
	if (!command)
		return script_fail(
			s, "expected a segment or a command, got \"%s\": see script --help",
			text);
	if (!read_argument(text + used, command->form, &argument))
		return script_fail(s, "expected \"%s%s\", got \"%s\"", command->name,
		                   form_text[command->form], text);
	return command->run(s, flow, &argument);
}

static void list(const struct command_table *table)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct command *c = &table->command[i];
		const char *form = c->form == BYTES ? " N\\|all" : form_text[c->form];

		printf("| `%s%s` | %s |\n", c->name, form, c->does);
	}
}

void script_list_commands(void)
{
	puts("| command | what the service does |\n|---|---|");
	list(&command_doings);
	puts("\n| condition | what must be true |\n|---|---|");
	list(&command_conditions);
}

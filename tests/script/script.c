/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs packet scripts against the engine and reports each case by name, in TAP.
 * docs/testing.md and the head of command[] below say how scripts are written.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define LINE_MAX_CHARS 512
#define PEER_BUFFERS   1023
#define TICK_NS        (1000 << WR_TICK_SHIFT)
#define TOLERANCE_NS   (TICK_NS + 1000000)

bool script_fail(struct script *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->failure[0]) {
		int n = snprintf(s->failure, sizeof(s->failure), "%s:%u: ", s->file, s->line);

		va_start(ap, fmt);
		vsnprintf(s->failure + n, sizeof(s->failure) - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return false;
}

static double seconds(const struct script *s, uint64_t ns)
{
	return (double)(int64_t)(ns - s->world.start_ns) / 1e9;
}

/* Nothing may have been sent that the script did not ask about. */
bool script_is_silent(struct script *s)
{
	const struct world_sent *sent = &s->world.sent[s->world.sent_head];
	char text[256];

	if (!s->world.sent_count)
		return true;
	packet_print(&sent->packet, text, sizeof(text));
	return script_fail(s, "expected nothing, got > %s at %.6f", text,
	                   seconds(s, sent->time_ns));
}

static bool start_if_needed(struct script *s)
{
	if (s->world.stack || world_start(&s->world))
		return true;
	return script_fail(s, "%s", s->world.wrong);
}

/* "*": in the same burst as the segment before. */
static bool is_continued(const struct script *s)
{
	return s->next[0] == '*';
}

static bool receive(struct script *s, const char *text)
{
	unsigned flow = 0, type, code, mtu = 0;
	int seq;
	struct packet p;
	const char *wrong;

	while (isspace((unsigned char)*text))
		text++;
	if (!script_is_silent(s))
		return false;
	if (sscanf(text, "icmp %u %u mtu %u seq %d", &type, &code, &mtu, &seq) == 4 ||
	    sscanf(text, "icmp %u %u seq %d", &type, &code, &seq) == 3) {
		world_receive_icmp(&s->world, flow, (uint8_t)type, (uint8_t)code, (uint16_t)mtu,
		                   (uint32_t)seq);
		return true;
	}
	wrong = packet_parse(text, &p);
	if (wrong)
		return script_fail(s, "%s", wrong);
	world_receive(&s->world, &p, is_continued(s));
	return true;
}

/* Numbers as on the wire become relative, to be compared. */
static void make_relative(const struct world *w, struct packet *p)
{
	struct packet_origin origin;

	world_origin(w, p->flow, false, &origin);
	p->seq.n = packet_seq(&p->seq, origin.seq) - origin.seq;
	if (p->has_ack)
		p->ack.n = packet_seq(&p->ack, origin.ack) - origin.ack;
	p->seq.absolute = p->ack.absolute = false;
}

static bool expect(struct script *s, const char *text)
{
	struct world *w = &s->world;
	struct world_sent *sent;
	struct packet expected;
	const char *wrong = packet_parse(text, &expected);
	char want[256], got[256];

	if (wrong)
		return script_fail(s, "%s", wrong);
	if (!w->sent_count)
		world_run_until(w, s->now_ns + s->tolerance_ns, true);
	if (!w->sent_count)
		return script_fail(s, "expected > %s at %.6f, got nothing", text,
		                   seconds(s, s->now_ns));
	sent = &w->sent[w->sent_head];
	w->sent_head = (w->sent_head + 1) % WORLD_SENT;
	w->sent_count--;
	make_relative(w, &expected);
	packet_print(&sent->packet, got, sizeof(got));
	wrong = packet_differs(&expected, &sent->packet);
	if (wrong) {
		packet_print(&expected, want, sizeof(want));
		return script_fail(s,
		                   "another %s at %.6f\n#   expected > %s\n#   got      > %s",
		                   wrong, seconds(s, sent->time_ns), want, got);
	}
	if (sent->time_ns + s->tolerance_ns < s->now_ns ||
	    sent->time_ns > s->now_ns + s->tolerance_ns)
		return script_fail(s, "expected > %s at %.6f, it came at %.6f", got,
		                   seconds(s, s->now_ns), seconds(s, sent->time_ns));
	return true;
}

/* "+.2" or "+2~.5": moves the script's time on; what is left of the line is the event. */
static bool read_time(struct script *s, const char **at)
{
	char *end;
	double delta;

	s->tolerance_ns = TOLERANCE_NS;
	if (**at == '+') {
		delta = strtod(*at + 1, &end);
		if (end == *at + 1)
			return script_fail(s, "no time after +");
		s->now_ns += (uint64_t)(delta * 1e9 + 0.5);
		*at = end;
		if (**at == '~') {
			s->tolerance_ns = (uint64_t)(strtod(*at + 1, &end) * 1e9);
			*at = end;
		}
	}
	while (isspace((unsigned char)**at))
		(*at)++;
	return true;
}

bool script_event(struct script *s, const char *at)
{
	if (!strncmp(at, "set ", 4))
		return script_set(s, at + 4);
	if (!start_if_needed(s))
		return false;
	if (*at == '*')
		return receive(s, at + 1);
	if (!read_time(s, &at))
		return false;
	if (*at == '>')
		return expect(s, at + 1);
	if (s->now_ns > s->world.now_ns)
		world_run_until(&s->world, s->now_ns, false);
	if (*at == '<')
		return receive(s, at + 1);
	return script_command(s, at);
}

/* ---- cases ---- */

static void start_case(struct script *s, const char *name)
{
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->failure[0] = '\0';
	s->is_listening = false;
	world_init(&s->world, s->pool, s->peer_pool);
	s->now_ns = s->world.now_ns;
}

static void end_case(struct script *s)
{
	if (!s->name[0])
		return;
	if (s->world.stack && !s->failure[0])
		script_is_silent(s);
	if (!world_end(&s->world) && !s->failure[0])
		script_fail(s, "%s", s->world.wrong);
	s->cases++;
	printf("%sok %u - %s\n", s->failure[0] ? "not " : "", s->cases, s->name);
	if (s->failure[0]) {
		s->failed++;
		printf("# %s\n", s->failure);
	}
	s->name[0] = '\0';
}

/* One line without its end, without leading space and comment; "" for none. */
static bool read_line(FILE *in, char *out)
{
	char raw[LINE_MAX_CHARS], *start = raw, *end;

	if (!fgets(raw, sizeof(raw), in))
		return false;
	while (isspace((unsigned char)*start))
		start++;
	end = *start == '#' ? start : strstr(start, " #");
	if (!end)
		end = start + strlen(start);
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	strcpy(out, start);
	return true;
}

static void run_line(struct script *s, const char *text)
{
	if (!strncmp(text, "case ", 5)) {
		end_case(s);
		if (!s->only || !strcmp(s->only, text + 5))
			start_case(s, text + 5);
		return;
	}
	if (!text[0] || !s->name[0] || s->failure[0])
		return;
	if (script_event(s, text) && s->world.wrong[0])
		script_fail(s, "%s", s->world.wrong);
}

static bool run_file(struct script *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char text[LINE_MAX_CHARS];
	FILE *in = fopen(path, "r");
	bool more;

	if (!in) {
		perror(path);
		return false;
	}
	s->file = slash ? slash + 1 : path;
	s->line = 0;
	more = read_line(in, text);
	while (more) {
		more = read_line(in, s->next);
		if (!more)
			s->next[0] = '\0';
		s->line++;
		run_line(s, text);
		strcpy(text, s->next);
	}
	end_case(s);
	fclose(in);
	return true;
}

/* Arguments: script files; with -c NAME only the case of that name. */
int main(int argc, char **argv)
{
	static struct script s;
	int rc = EXIT_SUCCESS;

	wr_test_eal(128);
	s.pool = wr_test_pool("engine", WORLD_BUFFERS, 2048);
	s.peer_pool = wr_test_pool("peer", PEER_BUFFERS, 2048);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-c") && i + 1 < argc)
			s.only = argv[++i];
		else if (!run_file(&s, argv[i]))
			rc = EXIT_FAILURE;
	}
	printf("1..%u\n", s.cases);
	return s.failed ? EXIT_FAILURE : rc;
}

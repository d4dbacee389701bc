/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs packet scripts against the engine and reports each case by name, in TAP.
 * README.md says how scripts are written.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define LINE_MAX_CHARS 512
#define LINE_TOO_LONG  "(a line of more than 510 characters)"
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

/* One line of a mismatch: `text` NULL for nothing. */
static int put_side(const struct script *s, char *out, size_t size, const char *side,
                    const char *text, uint64_t time_ns)
{
	return snprintf(out, size, "\n#   %-8s  %.6f  %s%s", side, seconds(s, time_ns),
	                text ? "> " : "", text ? text : "nothing");
}

/* Two segments, one below the other, each with its time; NULL: nothing. */
static bool mismatch(struct script *s, const char *what, const char *want, uint64_t want_ns,
                     const char *got, uint64_t got_ns)
{
	char sides[1024];
	int n = put_side(s, sides, sizeof(sides), "expected", want, want_ns);

	put_side(s, sides + n, sizeof(sides) - (size_t)n, "got", got, got_ns);
	return script_fail(s, "%s%s", what, sides);
}

bool script_is_silent(struct script *s)
{
	const struct world_sent *sent = &s->world.sent[s->world.sent_head];
	char got[PACKET_TEXT];

	if (!s->world.sent_count)
		return true;
	packet_print(&sent->packet, got, sizeof(got));
	return mismatch(s, "a segment that no line expects", NULL, s->now_ns, got,
	                sent->time_ns);
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

/* The rest of "@1 icmp 3 4 seq 1" behind the flow, or NULL: it is no ICMP error. */
static const char *find_icmp(const char *text, unsigned *flow)
{
	int used = 0;

	*flow = 0;
	(void)sscanf(text, "@%u %n", flow, &used);
	text += used;
	return strncmp(text, "icmp", 4) ? NULL : text;
}

/* "icmp 3 4 mtu 1000 seq 1": what is wrong with it, or NULL. */
static const char *receive_icmp(struct script *s, unsigned flow, const char *text)
{
	unsigned type, code, mtu = 0;
	int seq, used = 0;

	if (sscanf(text, "icmp %u %u mtu %u seq %d%n", &type, &code, &mtu, &seq, &used) != 4 &&
	    sscanf(text, "icmp %u %u seq %d%n", &type, &code, &seq, &used) != 3)
		return "expected \"icmp TYPE CODE [mtu BYTES] seq NUMBER\"";
	if (text[used])
		return "nothing can follow the number of an icmp";
	if (flow >= WORLD_FLOWS)
		return "no such flow";
	world_receive_icmp(&s->world, flow, (uint8_t)type, (uint8_t)code, (uint16_t)mtu,
	                   (uint32_t)seq);
	return NULL;
}

static bool receive(struct script *s, const char *text)
{
	struct packet p;
	const char *wrong, *icmp;
	unsigned flow;

	while (isspace((unsigned char)*text))
		text++;
	if (!script_is_silent(s))
		return false;
	icmp = find_icmp(text, &flow);
	if (icmp) {
		wrong = receive_icmp(s, flow, icmp);
		return wrong ? script_fail(s, "%s, got \"%s\"", wrong, text) : true;
	}
	wrong = packet_parse(text, &p);
	if (wrong)
		return script_fail(s, "%s: \"%s\"", wrong, text);
	if (p.flow >= WORLD_FLOWS)
		return script_fail(s, "expected @FLOW below %u: \"%s\"", WORLD_FLOWS, text);
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

/* The segment that was sent first of those that no line has looked at. */
static const struct world_sent *next_sent(struct world *w)
{
	const struct world_sent *sent = &w->sent[w->sent_head];

	if (!w->sent_count)
		return NULL;
	w->sent_head = (w->sent_head + 1) % WORLD_SENT;
	w->sent_count--;
	return sent;
}

static bool is_late(const struct script *s, uint64_t time_ns)
{
	return time_ns + s->tolerance_ns < s->now_ns || time_ns > s->now_ns + s->tolerance_ns;
}

static bool compare(struct script *s, struct packet *expected, const struct world_sent *sent)
{
	char want[PACKET_TEXT], got[PACKET_TEXT], differs[128], what[160];

	make_relative(&s->world, expected);
	packet_print(expected, want, sizeof(want));
	if (!sent)
		return mismatch(s, "nothing was sent", want, s->now_ns, NULL, s->world.now_ns);
	packet_print(&sent->packet, got, sizeof(got));
	packet_differs(expected, &sent->packet, differs, sizeof(differs));
	snprintf(what, sizeof(what), "another %s", differs);
	if (differs[0])
		return mismatch(s, what, want, s->now_ns, got, sent->time_ns);
	if (is_late(s, sent->time_ns))
		return mismatch(s, "another time", want, s->now_ns, got, sent->time_ns);
	return true;
}

static bool expect(struct script *s, const char *text)
{
	struct packet expected;
	const char *wrong;

	while (isspace((unsigned char)*text))
		text++;
	wrong = packet_parse(text, &expected);
	if (wrong)
		return script_fail(s, "%s: \"%s\"", wrong, text);
	if (expected.flow >= WORLD_FLOWS)
		return script_fail(s, "expected @FLOW below %u: \"%s\"", WORLD_FLOWS, text);
	if (!s->world.sent_count)
		world_run_until(&s->world, s->now_ns + s->tolerance_ns, true);
	return compare(s, &expected, next_sent(&s->world));
}

/* "2.5", in ns. */
static bool read_seconds(const char **at, uint64_t *ns)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)**at) && **at != '.')
		return false;
	value = strtod(*at, &end);
	if (end == *at || (*end && *end != '~' && !isspace((unsigned char)*end)))
		return false;
	*ns = (uint64_t)(value * 1e9 + 0.5);
	*at = end;
	return true;
}

/* "+.2" or "+2~.5": moves the script's time on; what is left of the line is the event. */
static bool read_time(struct script *s, const char **at)
{
	const char *start = *at;
	uint64_t delta;

	s->tolerance_ns = TOLERANCE_NS;
	if (**at == '+') {
		(*at)++;
		if (!read_seconds(at, &delta))
			return script_fail(s, "expected \"+SECONDS\", got \"%s\"", start);
		s->now_ns += delta;
		if (**at == '~' && ((*at)++, !read_seconds(at, &s->tolerance_ns)))
			return script_fail(s, "expected \"+SECONDS~SECONDS\", got \"%s\"",
			                   start);
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

/* Names are words, as logs and docs/rfc.md know them by. */
static bool is_word(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && !name[n];
}

static void begin_case(struct script *s, const char *name)
{
	end_case(s);
	s->is_skipped = s->only && strcmp(s->only, name);
	if (s->is_skipped)
		return;
	start_case(s, is_word(name) ? name : "a_case_without_a_name");
	if (!is_word(name))
		script_fail(s, "expected \"case WORDS_JOINED_LIKE_THIS\", got \"case %s\"",
		            name);
}

static void run_line(struct script *s, const char *text)
{
	if (!strncmp(text, "case", 4) && (!text[4] || isspace((unsigned char)text[4]))) {
		begin_case(s, text + 4 + strspn(text + 4, " \t"));
		return;
	}
	if (!text[0] || s->is_skipped || s->failure[0])
		return;
	if (!s->name[0]) {
		start_case(s, "a_line_before_the_first_case");
		script_fail(s, "expected \"case NAME\", got \"%s\"", text);
		return;
	}
	if (script_event(s, text) && s->world.wrong[0])
		script_fail(s, "%s", s->world.wrong);
}

/* One line without its end, without leading space and comment; "" for none. */
static bool read_line(FILE *in, char *out)
{
	char raw[LINE_MAX_CHARS], *start = raw, *end;

	if (!fgets(raw, sizeof(raw), in))
		return false;
	if (strlen(raw) == sizeof(raw) - 1 && raw[sizeof(raw) - 2] != '\n') {
		strcpy(out, LINE_TOO_LONG);
		return fscanf(in, "%*[^\n]"), true;
	}
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
	s->is_skipped = s->only;
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

static void help(void)
{
	script_list_commands();
	puts("");
	script_list_fields();
	puts("");
	script_list_settings();
}

/*
 * Arguments: script files; with -c NAME only the case of that name. --help tells, in Markdown,
 * what scripts may say.
 */
int main(int argc, char **argv)
{
	static struct script s;
	int rc = EXIT_SUCCESS;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return help(), EXIT_SUCCESS;
	wr_test_eal(128);
	s.pool = wr_test_pool("engine", WORLD_BUFFERS, 2048);
	s.peer_pool = wr_test_pool("peer", PEER_BUFFERS, 2048);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-c") && i + 1 < argc)
			s.only = argv[++i];
		else if (!run_file(&s, argv[i]))
			rc = EXIT_FAILURE;
	}
	if (!s.cases) {
		puts("Bail out! no case was run");
		return EXIT_FAILURE;
	}
	printf("1..%u\n", s.cases);
	return s.failed ? EXIT_FAILURE : rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "i3_proto.h"
#include "iperf3_flags.h"
#include "wr_base.h"

enum takes { NOTHING, VALUE };

enum end { OF_BOTH, OF_CLIENTS, OF_SERVERS };

/* How a flag is read. */
enum what {
	SERVER,
	CLIENT,
	PORT,
	FORMAT,
	INTERVAL,
	SWITCH,
	TIME,
	BYTES,
	BLOCKS,
	LENGTH,
	PARALLEL,
	RATE,
	WINDOW,
	MSS,
	CONGESTION,
	TOS,
	OMIT,
	TEXT,
	CPORT,
	CONNECT_TIMEOUT,
	RCV_TIMEOUT,
	SND_TIMEOUT,
	MAX_TESTS,
	HELP,
	IGNORED,
	REFUSED,
};

struct flag {
	char letter; /* 0: none */
	const char *name;
	enum takes takes;
	enum what what;
	size_t offset, size; /* of SWITCH and TEXT: the member */
	const char *help;    /* of REFUSED: why */
	enum end end;        /* who may have it */
};

#define AT(m) offsetof(struct wr_iperf3_flags, m), sizeof(((struct wr_iperf3_flags *)0)->m)

/* clang-format off */
static const struct flag all[] = {
	{'s', "server", NOTHING, SERVER, 0, 0, "run as server", OF_BOTH},
	{'c', "client", VALUE, CLIENT, 0, 0, "run as client of this host", OF_BOTH},
	{'p', "server-port", VALUE, PORT, 0, 0, "TCP and UDP port of the server (5201)", OF_BOTH},
	{'f', "format", VALUE, FORMAT, 0, 0, "bit rates in [kmgt] bits or [KMGT] bytes", OF_BOTH},
	{'i', "interval", VALUE, INTERVAL, 0, 0, "seconds between two lines (1); 0: none", OF_BOTH},
	{'J', "json", NOTHING, SWITCH, AT(json), "print a JSON document at the end", OF_BOTH},
	{0, "json-stream", NOTHING, SWITCH, AT(json_stream), "print a JSON object a line, as things happen", OF_BOTH},
	{'V', "verbose", NOTHING, SWITCH, AT(verbose), "tell more", OF_BOTH},
	{0, "logfile", VALUE, TEXT, AT(logfile), "write the report to this file", OF_BOTH},
	{0, "forceflush", NOTHING, SWITCH, AT(flush), "flush output after every line", OF_BOTH},
	{0, "rcv-timeout", VALUE, RCV_TIMEOUT, 0, 0, "ms without any data that end a test (120000)", OF_BOTH},
	{0, "snd-timeout", VALUE, SND_TIMEOUT, 0, 0, "ms without an acknowledgement that end a test", OF_BOTH},
	{'1', "one-off", NOTHING, SWITCH, AT(one_off), "server: end after one test", OF_SERVERS},
	{0, "max-tests", VALUE, MAX_TESTS, 0, 0, "server: tests at the same time (64)", OF_SERVERS},
	{0, "exclusive", NOTHING, SWITCH, AT(exclusive), "server: one test at a time, as iperf3", OF_SERVERS},
	{'u', "udp", NOTHING, SWITCH, AT(params.udp), "UDP instead of TCP", OF_CLIENTS},
	{0, "connect-timeout", VALUE, CONNECT_TIMEOUT, 0, 0, "ms for the control connection to open", OF_CLIENTS},
	{'b', "bitrate", VALUE, RATE, 0, 0, "#[KMGT][/#] bits/s a stream, and datagrams at a time; 0: no limit (UDP: 1 Mbit/s)", OF_CLIENTS},
	{0, "bandwidth", VALUE, RATE, 0, 0, NULL, OF_CLIENTS},
	{'t', "time", VALUE, TIME, 0, 0, "seconds (10)", OF_CLIENTS},
	{'n', "bytes", VALUE, BYTES, 0, 0, "#[KMGT] bytes to send instead of -t", OF_CLIENTS},
	{'k', "blockcount", VALUE, BLOCKS, 0, 0, "#[KMGT] blocks or datagrams to send instead of -t", OF_CLIENTS},
	{'l', "length", VALUE, LENGTH, 0, 0, "#[KMG] bytes of a block (128K) or datagram (MSS)", OF_CLIENTS},
	{0, "cport", VALUE, CPORT, 0, 0, "our port of the first stream", OF_CLIENTS},
	{'P', "parallel", VALUE, PARALLEL, 0, 0, "streams at the same time (1)", OF_CLIENTS},
	{'R', "reverse", NOTHING, SWITCH, AT(params.reverse), "the server sends", OF_CLIENTS},
	{0, "bidir", NOTHING, SWITCH, AT(params.bidir), "both send", OF_CLIENTS},
	{'w', "window", VALUE, WINDOW, 0, 0, "#[KMG] bytes of the send and receive buffers", OF_BOTH},
	{'C', "congestion", VALUE, CONGESTION, 0, 0, "congestion control", OF_BOTH},
	{0, "linux-congestion", VALUE, CONGESTION, 0, 0, NULL, OF_BOTH},
	{'M', "set-mss", VALUE, MSS, 0, 0, "maximum segment size", OF_BOTH},
	{'N', "no-delay", NOTHING, SWITCH, AT(params.nodelay), "Nagle's algorithm off", OF_CLIENTS},
	{'S', "tos", VALUE, TOS, 0, 0, "type of service, 0 to 255", OF_BOTH},
	{0, "dscp", VALUE, TOS, 0, 0, "DSCP, 0 to 63", OF_BOTH},
	{'Z', "zerocopy", NOTHING, SWITCH, AT(params.zerocopy), "accepted: sending never copies in the kernel", OF_CLIENTS},
	{'O', "omit", VALUE, OMIT, 0, 0, "seconds at the beginning that do not count", OF_CLIENTS},
	{'T', "title", VALUE, TEXT, AT(params.title), "put in front of every line", OF_CLIENTS},
	{0, "extra-data", VALUE, TEXT, AT(params.extra_data), "text for the JSON of both sides", OF_CLIENTS},
	{'B', "bind", VALUE, TEXT, AT(bind), "own address of the client", OF_CLIENTS},
	{0, "get-server-output", NOTHING, SWITCH, AT(params.get_server_output), "print what the server reports, too", OF_CLIENTS},
	{0, "udp-counters-64bit", NOTHING, SWITCH, AT(params.udp_64bit), "packet numbers of 64 bits", OF_CLIENTS},
	{0, "repeating-payload", NOTHING, SWITCH, AT(params.repeating), "payload of digits", OF_CLIENTS},
	{0, "dont-fragment", NOTHING, SWITCH, AT(params.dont_fragment), "UDP: datagrams that fit into a frame", OF_CLIENTS},
	{'h', "help", NOTHING, HELP, 0, 0, "print this text", OF_BOTH},
	{'4', "version4", NOTHING, IGNORED, 0, 0, NULL, OF_BOTH},
	{'d', "debug", NOTHING, IGNORED, 0, 0, NULL, OF_BOTH},
	{'A', "affinity", VALUE, IGNORED, 0, 0, NULL, OF_BOTH},
	{'I', "pidfile", VALUE, IGNORED, 0, 0, NULL, OF_BOTH},
	{0, "pacing-timer", VALUE, IGNORED, 0, 0, NULL, OF_BOTH},
	{0, "fq-rate", VALUE, IGNORED, 0, 0, NULL, OF_BOTH},
	{0, "no-fq-socket-pacing", NOTHING, IGNORED, 0, 0, NULL, OF_BOTH},
	{0, "server-bitrate-limit", VALUE, REFUSED, 0, 0, "there is no limit for all tests together", OF_BOTH},
	{'6', "version6", NOTHING, REFUSED, 0, 0, "only IPv4 is spoken", OF_BOTH},
	{'L', "flowlabel", VALUE, REFUSED, 0, 0, "only IPv4 is spoken", OF_BOTH},
	{'D', "daemon", NOTHING, REFUSED, 0, 0, "let a service manager keep it running", OF_BOTH},
	{'F', "file", VALUE, REFUSED, 0, 0, "files are not sent", OF_BOTH},
	{'X', "xbind", VALUE, REFUSED, 0, 0, "SCTP is not spoken", OF_BOTH},
	{0, "sctp", NOTHING, REFUSED, 0, 0, "SCTP is not spoken", OF_BOTH},
	{0, "nstreams", VALUE, REFUSED, 0, 0, "SCTP is not spoken", OF_BOTH},
	{0, "bind-dev", VALUE, REFUSED, 0, 0, "the device is --port", OF_BOTH},
	{0, "timestamps", NOTHING, REFUSED, 0, 0, "lines carry no time of day", OF_BOTH},
	{0, "username", VALUE, REFUSED, 0, 0, "there is no authentication", OF_BOTH},
	{0, "rsa-public-key-path", VALUE, REFUSED, 0, 0, "there is no authentication", OF_BOTH},
	{0, "rsa-private-key-path", VALUE, REFUSED, 0, 0, "there is no authentication", OF_BOTH},
	{0, "authorized-users-path", VALUE, REFUSED, 0, 0, "there is no authentication", OF_BOTH},
};
/* clang-format on */

/* ---- numbers ---- */

/* "12", "1.5M": K, M, G and T are powers of `step`. Returns 0 or -EINVAL. */
static int read_scaled(const char *text, double step, double *out)
{
	static const char letters[] = "KMGT";
	const char *letter;
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -EINVAL;
	*out = strtod(text, &end);
	if (*end == '\0')
		return 0;
	letter = strchr(letters, toupper((unsigned char)*end));
	if (!letter)
		return -EINVAL;
	for (const char *l = letters; l <= letter; l++)
		*out *= step;
	end++;
	end += *end == 'i' && step == 1024; /* 16Mi */
	return *end ? -EINVAL : 0;
}

static int wrong(struct wr_err *err, const char *name, const char *text, const char *wanted)
{
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "--%s: '%.64s' is not %s", name, text,
	                  wanted);
}

static int read_bounded(const struct flag *f, const char *text, double step, double least,
                        double most, double *out, struct wr_err *err)
{
	if (read_scaled(text, step, out))
		return wrong(err, f->name, text, "a number such as 10 or 10M");
	if (*out < least || *out > most)
		return wr_err_set(err, WR_EXIT_USAGE, -ERANGE,
		                  "--%s: '%.64s' is not between %.0f and %.0f", f->name, text,
		                  least, most);
	return 0;
}

/* A whole number without a suffix, also octal and hexadecimal. */
static int read_integer(const struct flag *f, const char *text, long least, long most,
                        uint32_t *out, struct wr_err *err)
{
	char *end;
	long n = strtol(text, &end, 0);

	if (end == text || *end)
		return wrong(err, f->name, text, "a whole number");
	if (n < least || n > most)
		return wr_err_set(err, WR_EXIT_USAGE, -ERANGE,
		                  "--%s: '%.64s' is not between %ld and %ld", f->name, text,
		                  least, most);
	*out = (uint32_t)n;
	return 0;
}

/* A word of our own for Wringer's configuration. */
static void preset(struct wr_iperf3_flags *flags, const char *name, const char *text)
{
	char *word = flags->preset[flags->presets];

	if (flags->presets == WR_LEN(flags->preset) || flags->argc == WR_IPERF3_WORDS)
		return;
	snprintf(word, sizeof(flags->preset[0]), "--%s=%.32s", name, text);
	flags->argv[flags->argc++] = word;
	flags->presets++;
}

/* ---- one flag ---- */

static int read_rate(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                     struct wr_err *err)
{
	char number[32];
	const char *slash = strchr(text, '/');
	double rate;
	int rc;

	snprintf(number, sizeof(number), "%.*s", slash ? (int)(slash - text) : 31, text);
	rc = read_bounded(f, number, 1000, 0, 1e15, &rate, err);
	if (rc == 0 && slash)
		rc = read_integer(f, slash + 1, 1, I3_BURST_MOST, &flags->params.burst, err);
	flags->params.rate = (uint64_t)rate;
	flags->has_rate = true;
	return rc;
}

static int read_window(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                       struct wr_err *err)
{
	double bytes;
	char number[24];
	int rc = read_bounded(f, text, 1024, 4096, 64 << 20, &bytes, err);

	if (rc)
		return rc;
	flags->params.window = (uint32_t)bytes;
	snprintf(number, sizeof(number), "%u", flags->params.window);
	preset(flags, "rcv-buf", number);
	preset(flags, "snd-buf", number);
	return 0;
}

static int read_format(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                       struct wr_err *err)
{
	if (strlen(text) != 1 || !strchr("kmgtKMGT", text[0]))
		return wrong(err, f->name, text, "one of k m g t K M G T");
	flags->format = text[0];
	return 0;
}

static int read_tos(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                    struct wr_err *err)
{
	bool dscp = strcmp(f->name, "dscp") == 0;
	uint32_t n = 0;
	int rc = read_integer(f, text, 0, dscp ? 63 : 255, &n, err);

	if (rc == 0)
		flags->params.tos = (uint8_t)(dscp ? n << 2 : n);
	return rc;
}

static int read_interval(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                         struct wr_err *err)
{
	int rc = read_bounded(f, text, 1000, 0, 60, &flags->interval_s, err);

	if (rc == 0 && flags->interval_s > 0 && flags->interval_s < 0.1)
		return wrong(err, f->name, text, "0, or between 0.1 and 60 seconds");
	return rc;
}

static int read_text(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                     struct wr_err *err)
{
	if (strlen(text) >= f->size)
		return wr_err_set(err, WR_EXIT_USAGE, -E2BIG,
		                  "--%s: the text is longer than %zu characters", f->name,
		                  f->size - 1);
	strcpy((char *)flags + f->offset, text);
	return 0;
}

/* Those whose value is a number with a range. */
static int read_number(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                       struct wr_err *err)
{
	struct i3_params *p = &flags->params;
	char number[16];
	uint32_t n = 0;
	double d = 0;
	int rc = 0;

	switch (f->what) {
	case PORT:
		rc = read_integer(f, text, 1, UINT16_MAX, &n, err);
		flags->port = (uint16_t)n;
		return rc;
	case CPORT:
		rc = read_integer(f, text, 1, UINT16_MAX - I3_STREAMS, &n, err);
		flags->cport = (uint16_t)n;
		return rc;
	case TIME:
		return read_integer(f, text, 0, I3_TIME_MOST, &p->time_s, err);
	case OMIT:
		return read_integer(f, text, 0, I3_OMIT_MOST, &p->omit_s, err);
	case PARALLEL:
		return read_integer(f, text, 1, I3_PARALLEL, &p->parallel, err);
	case CONNECT_TIMEOUT:
		return read_integer(f, text, 1, 3600000, &flags->connect_timeout_ms, err);
	case RCV_TIMEOUT:
		return read_integer(f, text, 100, 86400000, &flags->rcv_timeout_ms, err);
	case MAX_TESTS:
		return read_integer(f, text, 1, 10000, &flags->max_tests, err);
	case SND_TIMEOUT:
		rc = read_integer(f, text, 10, 86400000, &n, err);
		snprintf(number, sizeof(number), "%ums", n);
		preset(flags, "user-timeout", number);
		return rc;
	case MSS:
		rc = read_integer(f, text, 88, I3_MSS_MOST, &p->mss, err);
		snprintf(number, sizeof(number), "%u", p->mss);
		preset(flags, "mss", number);
		return rc;
	case BYTES:
		rc = read_bounded(f, text, 1024, 1, 9e18, &d, err);
		p->bytes = (uint64_t)d;
		return rc;
	case BLOCKS:
		rc = read_bounded(f, text, 1024, 1, 9e12, &d, err);
		p->blocks = (uint64_t)d;
		return rc;
	default: /* LENGTH */
		rc = read_bounded(f, text, 1024, 1, I3_LEN_MOST, &d, err);
		p->len = (uint32_t)d;
		return rc;
	}
}

static int apply(struct wr_iperf3_flags *flags, const struct flag *f, const char *text,
                 struct wr_err *err)
{
	struct wr_cc_choice cc;

	if (f->end == OF_CLIENTS)
		flags->of_clients = f->name;
	if (f->end == OF_SERVERS)
		flags->of_servers = f->name;
	switch (f->what) {
	case SERVER:
		flags->server = true;
		return 0;
	case CLIENT:
		flags->client = true;
		snprintf(flags->host, sizeof(flags->host), "%.255s", text);
		return 0;
	case SWITCH:
		*((bool *)((char *)flags + f->offset)) = true;
		return 0;
	case TEXT:
		return read_text(flags, f, text, err);
	case FORMAT:
		return read_format(flags, f, text, err);
	case INTERVAL:
		return read_interval(flags, f, text, err);
	case RATE:
		return read_rate(flags, f, text, err);
	case WINDOW:
		return read_window(flags, f, text, err);
	case TOS:
		return read_tos(flags, f, text, err);
	case CONGESTION:
		snprintf(flags->params.congestion, sizeof(flags->params.congestion), "%.15s",
		         text);
		if (wr_cc_read(text, &cc))
			preset(flags, "cc", text);
		return 0;
	case HELP:
		flags->help = true;
		return 0;
	case IGNORED:
		return 0;
	case REFUSED:
		return wr_err_set(err, WR_EXIT_USAGE, -EOPNOTSUPP, "--%s is not supported: %s",
		                  f->name, f->help);
	default:
		return read_number(flags, f, text, err);
	}
}

/* ---- the command line ---- */

static const struct flag *by_name(const char *name, size_t n)
{
	for (size_t i = 0; i < WR_LEN(all); i++)
		if (strlen(all[i].name) == n && strncmp(all[i].name, name, n) == 0)
			return &all[i];
	return NULL;
}

static const struct flag *by_letter(char letter)
{
	for (size_t i = 0; i < WR_LEN(all); i++)
		if (all[i].letter == letter)
			return &all[i];
	return NULL;
}

static int no_value(struct wr_err *err, const char *word)
{
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "%.64s: the value is missing", word);
}

/* A word of Wringer's own, with its value if the next word is one. */
static int pass_on(struct wr_iperf3_flags *flags, int argc, char **argv, int *i,
                   struct wr_err *err)
{
	if (flags->argc + 2 > WR_IPERF3_WORDS)
		return wr_err_set(err, WR_EXIT_USAGE, -E2BIG, "there are too many options");
	flags->argv[flags->argc++] = argv[*i];
	if (!strchr(argv[*i], '=') && *i + 1 < argc && argv[*i + 1][0] != '-')
		flags->argv[flags->argc++] = argv[++*i];
	return 0;
}

static int read_long(struct wr_iperf3_flags *flags, int argc, char **argv, int *i,
                     struct wr_err *err)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct flag *f = by_name(name, n);
	const char *text = equals ? equals + 1 : "";

	flags->prints |= strncmp(name, "print-config", strlen("print-config")) == 0;
	if (!f)
		return pass_on(flags, argc, argv, i, err);
	if (f->takes == VALUE && !equals) {
		if (*i + 1 == argc)
			return no_value(err, argv[*i]);
		text = argv[++*i];
	}
	return apply(flags, f, text, err);
}

/* "-Rt5": switches, and at most one value at the end. */
static int read_letters(struct wr_iperf3_flags *flags, int argc, char **argv, int *i,
                        struct wr_err *err)
{
	const char *word = argv[*i];
	int rc = 0;

	for (const char *letter = word + 1; *letter && rc == 0; letter++) {
		const struct flag *f = by_letter(*letter);

		if (!f)
			return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
			                  "there is no option -%c; try `wringer iperf3 --help`",
			                  *letter);
		if (f->takes == NOTHING) {
			rc = apply(flags, f, "", err);
			continue;
		}
		if (letter[1])
			return apply(flags, f, letter + 1, err);
		if (*i + 1 == argc)
			return no_value(err, word);
		return apply(flags, f, argv[++*i], err);
	}
	return rc;
}

static int check_client(struct wr_iperf3_flags *flags, struct wr_err *err)
{
	struct i3_params *p = &flags->params;
	bool timed = p->time_s != UINT32_MAX;

	if ((p->bytes && p->blocks) || (timed && (p->bytes || p->blocks)))
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "only one of -t, -n and -k can end a test; give one");
	if (p->reverse && p->bidir)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "-R and --bidir exclude each other; give one");
	if (p->udp && p->len && (p->len < I3_UDP_LEN_LEAST || p->len > I3_UDP_LEN_MOST))
		return wr_err_set(err, WR_EXIT_USAGE, -ERANGE,
		                  "-l: a datagram has %d to %d bytes", I3_UDP_LEN_LEAST,
		                  I3_UDP_LEN_MOST);
	if (!timed)
		p->time_s = p->bytes || p->blocks ? 0 : 10;
	if (p->udp && !flags->has_rate)
		p->rate = I3_UDP_RATE;
	return 0;
}

static int check(struct wr_iperf3_flags *flags, struct wr_err *err)
{
	if (flags->help || (flags->prints && !flags->server && !flags->client))
		return 0;
	if (flags->server == flags->client)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "give either -s, for a server, or -c HOST, for a client");
	if (flags->server && flags->of_clients)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--%s is for clients; leave it out", flags->of_clients);
	if (flags->client && flags->of_servers)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--%s is for servers; leave it out", flags->of_servers);
	return flags->client ? check_client(flags, err) : 0;
}

int wr_iperf3_flags_read(struct wr_iperf3_flags *flags, int argc, char **argv,
                         struct wr_err *err)
{
	int rc = 0;

	*flags = (struct wr_iperf3_flags) {
		.port = I3_PORT,
		.format = 'a',
		.interval_s = 1,
		.max_tests = 64,
		.rcv_timeout_ms = 120000,
		.params = {.parallel = 1, .time_s = UINT32_MAX, .version = "3.12"},
		.argc = 1,
		.argv = {argv[0]},
	};
	preset(flags, "connections", "4k");
	preset(flags, "rcv-buf", "1M");
	preset(flags, "snd-buf", "1M");
	for (int i = 1; i < argc && rc == 0; i++) {
		if (strncmp(argv[i], "--", 2) == 0 && argv[i][2])
			rc = read_long(flags, argc, argv, &i, err);
		else if (argv[i][0] == '-' && argv[i][1])
			rc = read_letters(flags, argc, argv, &i, err);
		else
			rc = wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
			                "'%.64s' is not an option; try `wringer iperf3 --help`",
			                argv[i]);
	}
	return rc ? rc : check(flags, err);
}

void wr_iperf3_flags_help(FILE *out)
{
	fputs("\niperf3's own options:\n", out);
	for (size_t i = 0; i < WR_LEN(all); i++) {
		const struct flag *f = &all[i];

		if (!f->help || f->what == REFUSED)
			continue;
		fprintf(out, "  %c%c%c --%-20s %s %s\n", f->letter ? '-' : ' ',
		        f->letter ? f->letter : ' ', f->letter ? ',' : ' ', f->name,
		        f->takes == VALUE ? "#" : " ", f->help);
	}
}

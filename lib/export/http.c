/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "export.h"
#include "wr_prometheus.h"

#define CONNECTIONS_MAX 16
#define TIMEOUT_S       10

static const char index_page[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><title>Wringer</title></head>\n"
	"<body><h1>Wringer</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status,
                             const char *type, char *body, size_t bytes,
                             enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes, body, mode);
	enum MHD_Result queued;

	if (!response) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *text)
{
	return reply(connection, status, "text/plain; charset=utf-8", (char *)text,
	             strlen(text), MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result metrics(struct MHD_Connection *connection, struct wr_export *export)
{
	char *body = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&body, &bytes);

	if (!out)
		return MHD_NO;
	pthread_mutex_lock(&export->lock);
	wr_prometheus_write(out, export->now);
	pthread_mutex_unlock(&export->lock);
	if (export->conf.families)
		export->conf.families(export->conf.arg, out);
	if (fclose(out) != 0) {
		free(body);
		return MHD_NO;
	}
	return reply(connection, MHD_HTTP_OK, WR_PROMETHEUS_TYPE, body, bytes,
	             MHD_RESPMEM_MUST_FREE);
}

/* Called a first time with the header alone: a reply then would not be heard by a client
 * that is still sending. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **seen)
{
	if (!*seen) {
		*seen = arg;
		return MHD_YES;
	}
	if (*upload_bytes) {
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
	if (strcmp(url, "/metrics") == 0)
		return metrics(connection, arg);
	if (strcmp(url, "/") == 0)
		return reply(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
		             (char *)index_page, sizeof(index_page) - 1,
		             MHD_RESPMEM_PERSISTENT);
	return say(connection, MHD_HTTP_NOT_FOUND, "Not found; the metrics are at /metrics.\n");
}

/* "127.0.0.1:9464" or "[::1]:9464"; numbers only, so that no name server is asked. */
static struct addrinfo *parse(const char *text)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;
	char host[64];
	size_t len;

	if (!colon || colon == text)
		return NULL;
	len = (size_t)(colon - text);
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return NULL;
	memcpy(host, text, len);
	host[len] = '\0';
	return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static int listen_at(const struct addrinfo *at)
{
	static const int yes = 1;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, CONNECTIONS_MAX) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static int open_socket(const char *text, struct wr_err *err)
{
	struct addrinfo *at = parse(text);
	int fd;

	if (!at)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EINVAL,
			"--metrics %s: this is not ADDR:PORT, such as 127.0.0.1:9464.", text);
	fd = listen_at(at);
	freeaddrinfo(at);
	if (fd == -EADDRINUSE)
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, fd,
			"--metrics %s: another program uses this port; choose another "
			"one.",
			text);
	if (fd < 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, fd,
		                  "--metrics %s: cannot listen there: %s; choose an address of "
		                  "this machine.",
		                  text, strerror(-fd));
	return fd;
}

/* A thread inherits its maker's CPUs and signal mask: the endpoint's must stay off the
 * workers' CPUs and leave signals to the control thread. */
static struct MHD_Daemon *start_on_control_cpu(struct wr_export *export, int fd)
{
	struct MHD_Daemon *daemon;
	cpu_set_t mine, control;
	sigset_t all, before;

	CPU_ZERO(&control);
	CPU_SET(export->conf.control_cpu, &control);
	sigfillset(&all);
	pthread_getaffinity_np(pthread_self(), sizeof(mine), &mine);
	pthread_setaffinity_np(pthread_self(), sizeof(control), &control);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC,
	                          0, NULL, NULL, on_request, export, MHD_OPTION_LISTEN_SOCKET,
	                          fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	                          MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
	                          MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setaffinity_np(pthread_self(), sizeof(mine), &mine);
	return daemon;
}

struct MHD_Daemon *wr_http_start(struct wr_export *export, struct wr_err *err)
{
	int fd = open_socket(export->conf.metrics, err);
	struct MHD_Daemon *daemon;

	if (fd < 0)
		return NULL;
	daemon = start_on_control_cpu(export, fd);
	if (daemon)
		return daemon;
	close(fd);
	wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
	           "--metrics %s: the endpoint does not start for lack of memory or threads.",
	           export->conf.metrics);
	return NULL;
}

void wr_http_stop(struct MHD_Daemon *daemon)
{
	if (daemon)
		MHD_stop_daemon(daemon);
}

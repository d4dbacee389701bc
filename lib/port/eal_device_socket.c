/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "eal_device.h"
#include "wr_base.h"

#define FRAME_OVERHEAD 18   /* Ethernet header and a VLAN tag */
#define BUFFER_LEAST   2048 /* as those of our pools */
#define BUFFER_STEP    64

#define MEMIF_RING_LOG2    10
#define VIRTIO_QUEUE_SLOTS 1024

#define AWAIT_SOCKET_MS 5000 /* so long a client waits for its server to appear */
#define AWAIT_STEP_MS   50

/* Takes the path of the socket that begins the arguments; returns its length, or 0. */
static size_t take_path(const struct wr_device_text *t, struct wr_eal_device *device)
{
	size_t len = strcspn(t->args, ",");

	if (len == 0 || len >= sizeof(device->socket)) {
		wr_device_bad(t, len ? "the path of a socket has at most 107 characters"
		                     : "the path of a socket is missing, such as "
		                       "/run/wringer.sock");
		return 0;
	}
	snprintf(device->socket, sizeof(device->socket), "%.*s", (int)len, t->args);
	return len;
}

/* Reads "server", "client" and "role=..." among the options; the rest goes to `rest`. */
static int take_role(const struct wr_device_text *t, struct wr_eal_device *device,
                     const char *text, char *rest, size_t size)
{
	rest[0] = '\0';
	while (*text) {
		size_t len = strcspn(text, ","), used = strlen(rest);
		const char *role = strncmp(text, "role=", 5) == 0 ? text + 5 : text;
		size_t role_len = len - (size_t)(role - text);

		if (role_len == 6 && strncmp(role, "server", 6) == 0)
			device->end = WR_DEVICE_SERVER;
		else if (role_len == 6 && strncmp(role, "client", 6) == 0)
			device->end = WR_DEVICE_CLIENT;
		else if (role != text)
			return wr_device_bad(t, "a role is server or client");
		else
			snprintf(rest + used, size - used, "%s%.*s", used ? "," : "", (int)len,
			         text);
		text += len + (text[len] == ',');
	}
	return 0;
}

static int parse(const struct wr_device_text *t, struct wr_eal_device *device,
                 const char *driver, const char *path_key,
                 const struct wr_device_option *options)
{
	char rest[WR_DEVARGS_BYTES];
	size_t len = take_path(t, device);
	int rc;

	if (len == 0)
		return -EINVAL;
	wr_device_name(t, device, driver);
	rc = wr_device_append(t, device, path_key, t->args, len);
	if (rc == 0 && t->args[len])
		rc = take_role(t, device, t->args + len + 1, rest, sizeof(rest));
	if (rc == 0 && t->args[len])
		rc = wr_device_append_options(t, options, device, rest);
	return rc;
}

static int append_word(const char *spec, struct wr_eal_device *device, const char *word,
                       struct wr_err *err)
{
	const struct wr_device_text t = {.spec = spec, .err = err};
	const char *equals = strchr(word, '=');
	char key[32];

	snprintf(key, sizeof(key), "%.*s", (int)(equals - word), word);
	return wr_device_append(&t, device, key, equals + 1, strlen(equals + 1));
}

/* memif:PATH[,server|client][,options] */

int wr_device_parse_memif(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {
		{"queues", NULL},     {"id", "id"},   {"rsize", "rsize"},
		{"bsize", "bsize"},   {"mac", "mac"}, {"zero-copy", "zero-copy"},
		{"secret", "secret"}, {NULL, NULL}};

	return parse(t, device, "net_memif", "socket", options);
}

/*
 * The client makes the rings, and decides on their size for both ends. Its buffers are not
 * copied when it lends all of its memory to the server, which takes one file for all.
 */
int wr_device_complete_memif(const char *spec, const struct wr_eal_needs *needs,
                             struct wr_eal_device *device, struct wr_err *err)
{
	unsigned frame = needs->mtu + FRAME_OVERHEAD;
	unsigned room = wr_max(BUFFER_LEAST, (frame + BUFFER_STEP - 1) & ~(BUFFER_STEP - 1));
	char zero_copy[8] = "";
	bool client;
	int rc = append_word(spec, device, "socket-abstract=no", err);

	if (device->end == WR_DEVICE_EITHER)
		device->end = needs->client ? WR_DEVICE_CLIENT : WR_DEVICE_SERVER;
	client = device->end == WR_DEVICE_CLIENT;
	if (rc == 0)
		rc = append_word(spec, device, client ? "role=client" : "role=server", err);
	if (rc == 0)
		rc = wr_device_preset(spec, device, "rsize", MEMIF_RING_LOG2, err);
	if (rc == 0)
		rc = wr_device_preset(spec, device, "bsize", room, err);
	if (rc != 0 || !client)
		return rc;
	if (!wr_device_value(device, "zero-copy", zero_copy, sizeof(zero_copy)))
		rc = append_word(spec, device, "zero-copy=yes", err);
	device->one_file = strcmp(zero_copy, "no") != 0;
	return rc;
}

/* vhost:PATH[,client][,options]: the back end; by default it makes the socket. */

int wr_device_parse_vhost(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {{"queues", "queues"}, {NULL, NULL}};

	return parse(t, device, "net_vhost", "iface", options);
}

int wr_device_complete_vhost(const char *spec, const struct wr_eal_needs *needs,
                             struct wr_eal_device *device, struct wr_err *err)
{
	int rc = wr_device_preset(spec, device, "queues", needs->workers, err);

	if (device->end == WR_DEVICE_EITHER)
		device->end = WR_DEVICE_SERVER;
	if (rc == 0 && device->end == WR_DEVICE_CLIENT)
		rc = append_word(spec, device, "client=1", err);
	return rc;
}

/* virtio-user:PATH[,server][,options]: the front end; by default it asks a vhost. */

int wr_device_parse_virtio_user(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {{"mac", "mac"},
	                                                  {"queues", "queues"},
	                                                  {"queue_size", "queue_size"},
	                                                  {"packed_vq", "packed_vq"},
	                                                  {"mrg_rxbuf", "mrg_rxbuf"},
	                                                  {"in_order", "in_order"},
	                                                  {"vectorized", "vectorized"},
	                                                  {NULL, NULL}};

	return parse(t, device, "net_virtio_user", "path", options);
}

/* Its memory is mapped by the vhost, which takes only a few files. */
int wr_device_complete_virtio_user(const char *spec, const struct wr_eal_needs *needs,
                                   struct wr_eal_device *device, struct wr_err *err)
{
	int rc = wr_device_preset(spec, device, "queues", needs->workers, err);

	if (rc == 0 && needs->workers > 1) /* more queues than one are asked for there */
		rc = wr_device_preset(spec, device, "cq", 1, err);
	if (rc == 0)
		rc = wr_device_preset(spec, device, "queue_size", VIRTIO_QUEUE_SLOTS, err);
	if (device->end == WR_DEVICE_EITHER)
		device->end = WR_DEVICE_CLIENT;
	if (rc == 0 && device->end == WR_DEVICE_SERVER)
		rc = append_word(spec, device, "server=1", err);
	device->one_file = true;
	return rc;
}

/*
 * Whether a process has the socket open. It is called as what it is not, a socket for
 * datagrams: the answer comes without a connection, of which a memif server of DPDK may die
 * when it ends at once (dpdk-patches), and before the server listens.
 */
static bool is_taken(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool taken;

	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	taken = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	        errno == EPROTOTYPE;
	close(fd);
	return taken;
}

/* The server makes the socket: the path must be free and its folder writable. */
static int check_server(const char *spec, const char *path, struct wr_err *err)
{
	struct stat st;
	char folder[WR_SOCKET_BYTES + 2];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
	         slash ? path : ".");
	if (access(folder, W_OK | X_OK) != 0)
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -errno,
			"--port %s: no socket can be made in %s (%s); choose a folder "
			"that exists and may be written",
			spec, folder, strerror(errno));
	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EEXIST,
		                  "--port %s: %s is a file, not a socket; choose another path",
		                  spec, path);
	if (is_taken(path))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EADDRINUSE,
		                  "--port %s: another process serves %s; choose another path, "
		                  "or be its client",
		                  spec, path);
	if (unlink(path) == 0) /* left by a process that was killed */
		return 0;
	return wr_err_set(
		err, WR_EXIT_ENVIRONMENT, -errno,
		"--port %s: the socket %s was left behind and cannot be removed (%s); "
		"remove it",
		spec, path, strerror(errno));
}

/* The client waits a while for the server's socket. */
static int check_client(const char *spec, const char *path, struct wr_err *err)
{
	const struct timespec step = {.tv_nsec = AWAIT_STEP_MS * 1000000L};
	struct stat st;

	for (unsigned ms = 0; ms < AWAIT_SOCKET_MS; ms += AWAIT_STEP_MS) {
		if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			return 0;
		nanosleep(&step, NULL);
	}
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOENT,
	                  "--port %s: no server has made the socket %s within %d s; start the "
	                  "other end first, or be the server with ',server'",
	                  spec, path, AWAIT_SOCKET_MS / 1000);
}

int wr_device_check_socket(const char *spec, const struct wr_eal_device *device,
                           struct wr_err *err)
{
	return device->end == WR_DEVICE_SERVER ? check_server(spec, device->socket, err)
	                                       : check_client(spec, device->socket, err);
}

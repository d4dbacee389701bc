/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "wr_client.h"

#define REPLY_BYTES   (16 * 1024) /* the telemetry library's limit */
#define TIMEOUT_S     5           /* a worker has 2 s to answer */
#define INSTANCES_MAX 16

struct wr_client {
	int fd;
	char instance[64];
	char buffer[REPLY_BYTES + 1];
};

/* Where EAL keeps its runtime directories; see eal_create_runtime_dir(). */
static void runtime_dir(char *path, size_t size)
{
	const char *base = getenv("RUNTIME_DIRECTORY");

	if (!base && getuid() == 0)
		base = "/var/run";
	if (!base)
		base = getenv("XDG_RUNTIME_DIR");
	snprintf(path, size, "%s/dpdk", base ? base : "/tmp");
}

static int connect_to(const char *instance)
{
	static const struct timeval patience = {.tv_sec = TIMEOUT_S};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char dir[80];
	int fd, len;

	runtime_dir(dir, sizeof(dir));
	len = snprintf(sun.sun_path, sizeof(sun.sun_path),
	               "%s/" WR_CLIENT_PREFIX "%s/dpdk_telemetry.v2", dir, instance);
	if (len >= (int)sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	len = -errno;
	close(fd);
	return len;
}

/* Names of the instances whose sockets answer. Returns how many there are. */
static unsigned running(char names[][64], unsigned max)
{
	const size_t prefix = strlen(WR_CLIENT_PREFIX);
	const struct dirent *entry;
	unsigned count = 0;
	char path[80];
	DIR *dir;

	runtime_dir(path, sizeof(path));
	dir = opendir(path);
	while (dir && count < max && (entry = readdir(dir))) {
		int fd;

		if (strncmp(entry->d_name, WR_CLIENT_PREFIX, prefix) != 0)
			continue;
		fd = connect_to(entry->d_name + prefix);
		if (fd < 0)
			continue;
		close(fd);
		snprintf(names[count++], 64, "%s", entry->d_name + prefix);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* The only one there is. */
static int choose(char *instance, size_t size, struct wr_err *err)
{
	char names[INSTANCES_MAX][64], list[INSTANCES_MAX * 66] = "";
	unsigned count = running(names, INSTANCES_MAX);
	size_t len = 0;

	if (count == 1) {
		snprintf(instance, size, "%s", names[0]);
		return 0;
	}
	if (count == 0)
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -ENOENT,
			"No wringer process of this user is running; start one, such as "
			"wringer serve, or use sudo for one of root's.");
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
		                        names[i]);
	return wr_err_set(
		err, WR_EXIT_USAGE, -EEXIST,
		"Several wringer processes are running; choose one with --instance: %s.", list);
}

static int no_connection(int rc, const char *instance, struct wr_err *err)
{
	if (rc == -EACCES)
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, rc,
			"--instance %s: it belongs to another user; ask as that user.",
			instance);
	if (rc == -ENAMETOOLONG)
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "--instance %s: no instance has so long a name.", instance);
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
	                  "--instance %s: no process of this user has this name; leave it out "
	                  "to have the running ones listed, or use sudo for one of root's.",
	                  instance);
}

/* One packet is one JSON document. */
static json_t *receive(struct wr_client *client, struct wr_err *err)
{
	ssize_t bytes = recv(client->fd, client->buffer, REPLY_BYTES, 0);
	json_t *document = NULL;

	if (bytes > 0)
		document =
			json_loadb(client->buffer, (size_t)bytes, JSON_REJECT_DUPLICATES, NULL);
	if (document)
		return document;
	if (bytes > 0)
		wr_err_set(err, WR_EXIT_FAILED, -EPROTO,
		           "Instance %s gave an answer that is not JSON.", client->instance);
	else if (bytes == 0)
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -ECONNRESET,
		           "Instance %s hung up: it has ended or too many programs ask it.",
		           client->instance);
	else
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno, "Instance %s does not answer: %s.",
		           client->instance,
		           errno == EAGAIN ? "it took too long" : strerror(errno));
	return NULL;
}

struct wr_client *wr_client_open(const char *instance, struct wr_err *err)
{
	struct wr_client *client = calloc(1, sizeof(*client));
	json_t *greeting;

	if (!client) {
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM, "There is no memory left.");
		return NULL;
	}
	client->fd = -1;
	if (instance)
		snprintf(client->instance, sizeof(client->instance), "%s", instance);
	else if (choose(client->instance, sizeof(client->instance), err) < 0)
		goto fail;

	client->fd = connect_to(instance ? instance : client->instance);
	if (client->fd < 0) {
		no_connection(client->fd, instance ? instance : client->instance, err);
		goto fail;
	}
	greeting = receive(client, err);
	if (!greeting)
		goto fail;
	json_decref(greeting);
	return client;
fail:
	wr_client_close(client);
	return NULL;
}

void wr_client_close(struct wr_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client);
}

json_t *wr_client_ask(struct wr_client *client, const char *command, const char *params,
                      struct wr_err *err)
{
	json_t *reply, *value;
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s%s%s", command, params && *params ? "," : "",
	                   params ? params : "");

	if (send(client->fd, text, (size_t)len, MSG_NOSIGNAL) < 0) {
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno, "Instance %s cannot be asked: %s.",
		           client->instance, strerror(errno));
		return NULL;
	}
	reply = receive(client, err);
	if (!reply)
		return NULL;
	value = json_incref(json_object_get(reply, command));
	json_decref(reply);
	if (value && !json_is_null(value))
		return value;
	json_decref(value);
	wr_err_set(
		err, WR_EXIT_FAILED, -ENOENT,
		"Instance %s does not answer %s: it may be about to end or of another version.",
		client->instance, text);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eal_args.h"

#define LOCK_NAME      "lock" /* in the runtime directory; holds the process id as text */
#define MAX_NAME_CHARS 48

/* The folder of all runtime directories, as EAL chooses it. */
static int base_dir(char *path, size_t size)
{
	const char *base = getenv("RUNTIME_DIRECTORY"); /* set by systemd.exec(5) */
	int n;

	if (!base)
		base = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	n = snprintf(path, size, "%s/dpdk", base ? base : "/tmp");
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int wr_instance_dir(const char *instance, char *path, size_t size)
{
	size_t used;
	int n, rc = base_dir(path, size);

	if (rc != 0)
		return rc;
	used = strlen(path);
	n = snprintf(path + used, size - used, "/wringer-%s", instance);
	return n < 0 || (size_t)n >= size - used ? -ENAMETOOLONG : 0;
}

int wr_instance_name(const char *asked, char *name, size_t size, struct wr_err *err)
{
	size_t len = asked ? strlen(asked) : 0;
	bool fits = !asked || (len > 0 && len <= MAX_NAME_CHARS && asked[0] != '.');

	for (size_t i = 0; i < len && fits; i++)
		fits = isalnum((unsigned char)asked[i]) || strchr("._-", asked[i]);
	if (!fits)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--instance %s: a name has 1 to %d letters, digits, '.', '_' "
		                  "or '-' and does not begin with '.'",
		                  asked, MAX_NAME_CHARS);
	if (asked)
		snprintf(name, size, "%s", asked);
	else
		snprintf(name, size, "%d", (int)getpid());
	return 0;
}

static void remove_files(const char *path, const char *except)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!except || strcmp(entry->d_name, except) != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

void wr_instance_remove(const char *path)
{
	remove_files(path, NULL);
	rmdir(path);
}

static int make_dir(const char *path, struct wr_err *err)
{
	if (mkdir(path, 0700) == 0 || (errno == EEXIST && access(path, W_OK | X_OK) == 0))
		return 0;
	return wr_err_set(
		err, WR_EXIT_ENVIRONMENT, -errno,
		"the runtime directory %s cannot be used (%s); point RUNTIME_DIRECTORY "
		"to a folder of your own",
		path, strerror(errno));
}

/* Does the path still name the file that was locked, not one that replaced it? */
static bool is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static int refuse_taken(const char *instance, int fd, struct wr_err *err)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EADDRINUSE,
	                  "--instance %s: process %s runs under this name; choose another "
	                  "name, or stop that one",
	                  instance, pid[0] ? pid : "(starting)");
}

/* Returns the locked descriptor, which stays open until the process ends. */
static int lock(const char *instance, const char *path, struct wr_err *err)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		int rc;

		if (fd < 0)
			return wr_err_set(
				err, WR_EXIT_ENVIRONMENT, -errno,
				"%s cannot be made (%s); point RUNTIME_DIRECTORY to a "
				"folder of your own",
				path, strerror(errno));
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			rc = refuse_taken(instance, fd, err);
			close(fd);
			return rc;
		}
		if (is_same_file(fd, path))
			return fd;
		close(fd);
	}
}

int wr_instance_take(const char *instance, struct wr_err *err)
{
	char base[PATH_MAX - 128], path[PATH_MAX], file[PATH_MAX + 8];
	int fd, rc;

	rc = base_dir(base, sizeof(base));
	if (rc == 0)
		rc = wr_instance_dir(instance, path, sizeof(path));
	if (rc != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		                  "the path of the runtime directory is too long; point "
		                  "RUNTIME_DIRECTORY to a shorter one");
	rc = make_dir(base, err);
	if (rc == 0)
		rc = make_dir(path, err);
	if (rc != 0)
		return rc;
	snprintf(file, sizeof(file), "%s/" LOCK_NAME, path);
	fd = lock(instance, file, err);
	if (fd < 0)
		return fd;
	remove_files(path, LOCK_NAME);
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d", (int)getpid());
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink.h"

static int refuse(struct sink *sink, struct wr_err *err)
{
	int error = errno;

	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -error,
	                  "Results cannot be written to '%s': %s. Nothing was started.",
	                  sink->path, strerror(error));
}

/* Whether something stands there that must not be replaced: a device, a pipe. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int open_file(struct sink *sink, const char *path, struct wr_err *err)
{
	sink->file = fopen(path, "we");
	return sink->file ? 0 : refuse(sink, err);
}

int sink_open_growing(struct sink *sink, const char *path, FILE *out, struct wr_err *err)
{
	*sink = (struct sink) {.path = path};
	if (!path)
		return 0;
	if (strcmp(path, "-") == 0) {
		sink->path = "standard output";
		sink->is_out = true;
		sink->file = out;
		return 0;
	}
	return open_file(sink, path, err);
}

int sink_open_whole(struct sink *sink, const char *path, FILE *out, struct wr_err *err)
{
	int length;

	if (!path || strcmp(path, "-") == 0 || is_special(path))
		return sink_open_growing(sink, path, out, err);
	*sink = (struct sink) {.path = path, .moves = true};
	length = snprintf(sink->part, sizeof(sink->part), "%s.part", path);
	if (length < 0 || (size_t)length >= sizeof(sink->part)) {
		errno = ENAMETOOLONG;
		return refuse(sink, err);
	}
	return open_file(sink, sink->part, err);
}

static void tell(struct sink *sink, FILE *log, int error)
{
	if (!sink->failed && log)
		fprintf(log, "wringer: The results could not be written to '%s': %s.\n",
		        sink->path, strerror(error));
	sink->failed = true;
}

void sink_flush(struct sink *sink, FILE *log)
{
	if (!sink->file)
		return;
	errno = 0;
	if (fflush(sink->file) || ferror(sink->file))
		tell(sink, log, errno ? errno : EIO);
}

bool sink_close(struct sink *sink, FILE *log)
{
	if (!sink->file)
		return !sink->failed;
	sink_flush(sink, log);
	errno = 0;
	if (!sink->is_out && fclose(sink->file))
		tell(sink, log, errno ? errno : EIO);
	sink->file = NULL;
	if (!sink->moves)
		return !sink->failed;
	if (!sink->failed && rename(sink->part, sink->path))
		tell(sink, log, errno);
	if (sink->failed)
		unlink(sink->part);
	return !sink->failed;
}

void sink_drop(struct sink *sink)
{
	if (!sink->file)
		return;
	if (!sink->is_out)
		fclose(sink->file);
	sink->file = NULL;
	if (sink->moves)
		unlink(sink->part);
}

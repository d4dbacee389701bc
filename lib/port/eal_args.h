/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_EAL_ARGS_H
#define WR_EAL_ARGS_H

/*
 * The parts of starting EAL that need no EAL: internal to lib/port and its tests.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wr_eal.h"
#include "wr_err.h"

#define WR_DEVARGS_BYTES 256 /* as struct wr_eal.devargs */
#define WR_DEVICE_BYTES  64  /* RTE_DEV_NAME_MAX_LEN, as struct wr_eal.device */
#define WR_IFNAME_BYTES  16  /* IFNAMSIZ */
#define WR_SOCKET_BYTES  108 /* sun_path of struct sockaddr_un */

/* Who makes the socket at which two processes meet. */
enum wr_device_end {
	WR_DEVICE_EITHER, /* not said */
	WR_DEVICE_SERVER,
	WR_DEVICE_CLIENT,
};

/* One --port: the EAL device that it stands for. */
struct wr_eal_device {
	char devargs[WR_DEVARGS_BYTES]; /* "net_tap0,iface=wr0" */
	char name[WR_DEVICE_BYTES];     /* "net_tap0" */
	char iface[WR_IFNAME_BYTES];    /* kernel interface that it makes or uses; "": none */
	char socket[WR_SOCKET_BYTES];   /* Unix socket at which it meets its peer; "": none */
	enum wr_device_end end;
	unsigned queues; /* use no more than these; 0: one for each worker */
	bool one_file;   /* another process maps EAL's memory, which must be one file */
	bool pci;        /* allowed with -a, else made with --vdev */
	int claim;       /* descriptor that keeps others from what it is made of; -1: none */
};

/*
 * Reads `spec`, the index-th --port (which makes the device's name unique), by the table of
 * shorthands. Returns 0, or -EINVAL and a sentence. Looks at nothing but the text.
 */
int wr_eal_device_parse(const char *spec, unsigned index, struct wr_eal_device *device,
                        struct wr_err *err);

/* What the arguments of a device depend on, besides its spec. */
struct wr_eal_needs {
	unsigned workers; /* each wants a queue */
	unsigned mtu;     /* bytes of IP packet */
	bool client;      /* this process opens connections, the peer waits for them */
};

/* Adds the arguments that the user left to us. Returns 0, or -EINVAL and a sentence. */
int wr_eal_device_complete(const char *spec, const struct wr_eal_needs *needs,
                           struct wr_eal_device *device, struct wr_err *err);

/* Is there, on this machine, what the device needs? 0, or a negative errno and a sentence.
 * A client waits some seconds for its server. */
int wr_eal_device_check(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err);

/*
 * Takes what the device is made of, right before EAL makes it: of two processes that start at
 * once, one is refused. Returns 0, or a negative errno and a sentence; in either case
 * wr_eal_device_release() gives back what is held, once EAL has the device.
 */
int wr_eal_device_claim(const char *spec, struct wr_eal_device *device, struct wr_err *err);
void wr_eal_device_release(struct wr_eal_device *device);

/* Every form of --port, as one list for messages and help. */
void wr_eal_device_forms(char *text, size_t size);

/* A list of CPUs, in the order in which they were written. */
#define WR_MAX_CPUS 1024
struct wr_cpus {
	unsigned count;
	uint16_t cpu[WR_MAX_CPUS];
};

/* "2-5,8": 0; -EINVAL bad syntax, -ERANGE beyond WR_MAX_CPUS, -EEXIST named twice. */
int wr_cpus_parse(const char *text, struct wr_cpus *cpus);

/* The CPUs that the scheduler grants this process, ascending. Returns 0 or a negative errno. */
int wr_cpus_allowed(struct wr_cpus *cpus);

bool wr_cpus_contain(const struct wr_cpus *cpus, unsigned cpu);

/* Writes "0-3,8", shortened with "..." if it does not fit. */
void wr_cpus_format(const struct wr_cpus *cpus, char *text, size_t size);

/*
 * Chooses workers, their CPUs and that of the control thread: fills eal->workers, lcore,
 * cpu, control_cpu and shares_cpu. Worker i is EAL lcore i + 1, control is lcore 0.
 */
int wr_eal_cores_choose(const struct wr_eal_conf *conf, const struct wr_cpus *allowed,
                        struct wr_eal *eal, struct wr_err *err);

/* Memory that is free now. `root` is "" or the folder of a test that stands for /. */
struct wr_memory {
	uint64_t huge_bytes;      /* in free hugepages on the nodes asked for */
	uint64_t huge_page_bytes; /* the largest size of which there are free pages; or 0 */
	uint64_t plain_bytes;     /* available without hugepages, within the control group */
};
void wr_memory_read(const char *root, const struct wr_cpus *cpus, struct wr_memory *memory);

/* Fills eal->mem_mib, hugepages and hugepage_bytes for eal->workers, or says what lacks. */
int wr_eal_memory_choose(const struct wr_eal_conf *conf, const struct wr_memory *memory,
                         struct wr_eal *eal, struct wr_err *err);

/*
 * Raises the limit of open files to what this process will need, within the hard limit; says
 * so if that is too low. After wr_eal_memory_choose(). Returns 0 or -EMFILE.
 */
int wr_eal_files_raise(const struct wr_eal_conf *conf, const struct wr_eal *eal,
                       struct wr_err *err);

/*
 * Splits text as a shell does: blanks separate, '...' is literal, "..." knows \" and \\,
 * a backslash takes the next character; nothing is expanded. words[] points into buf, which
 * has room for strlen(text) + 1 bytes. Returns the number of words; -EINVAL for an unclosed
 * quote or a trailing backslash, -E2BIG for more than max words.
 */
int wr_words_split(const char *text, char *buf, char **words, unsigned max);

/* EAL's argument vector. Zeroed is empty; wr_argv_free() in every case. */
#define WR_ARGV_MAX 128
struct wr_argv {
	int argc;
	bool failed; /* out of memory or of room */
	char *argv[WR_ARGV_MAX + 1];
};
__attribute__((format(printf, 2, 3))) void wr_argv_add(struct wr_argv *args, const char *fmt,
                                                       ...);
void wr_argv_free(struct wr_argv *args);

/* Builds EAL's argument vector from what was asked for and what was chosen. */
int wr_eal_argv(const struct wr_eal_conf *conf, const struct wr_eal *eal,
                const struct wr_eal_device devices[], struct wr_argv *args, struct wr_err *err);

/* Where EAL keeps the files of this instance: "/var/run/dpdk/wringer-NAME". */
int wr_instance_dir(const char *instance, char *path, size_t size);

/* Fills eal->instance: the name asked for, or the process id. */
int wr_instance_name(const char *asked, char *name, size_t size, struct wr_err *err);

/*
 * Takes the instance name for this process and empties its runtime directory of what a
 * killed predecessor left. The lock lasts until the process ends.
 */
int wr_instance_take(const char *instance, struct wr_err *err);

/* Removes the runtime directory and all files in it. */
void wr_instance_remove(const char *path);

/* Before a tap is made: leaves net_tap no real-time signal to take. */
void wr_eal_keep_signals_from_tap(void);

#endif /* WR_EAL_ARGS_H */

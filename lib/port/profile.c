/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_cfgfile.h>
#include <rte_log.h>

#include "profile.h"
#include "profile_texts.h"
#include "wr_base.h"

#define SECTION     "port"
#define MAX_ENTRIES 32

enum kind { COUNT, YES_NO, TEXT, DRIVERS };

/* Every key of a profile; drivers-config/README.md describes them. */
static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
} keys[] = {
	{"drivers", DRIVERS, 0},
	{"rx_desc", COUNT, offsetof(struct wr_profile, rx_desc)},
	{"tx_desc", COUNT, offsetof(struct wr_profile, tx_desc)},
	{"max_queues", COUNT, offsetof(struct wr_profile, max_queues)},
	{"rx_cksum", YES_NO, offsetof(struct wr_profile, rx_cksum)},
	{"tx_cksum", YES_NO, offsetof(struct wr_profile, tx_cksum)},
	{"multi_segs", YES_NO, offsetof(struct wr_profile, multi_segs)},
	{"rss", YES_NO, offsetof(struct wr_profile, rss)},
	{"rx_shared", YES_NO, offsetof(struct wr_profile, rx_shared)},
	{"peer_rings", YES_NO, offsetof(struct wr_profile, peer_rings)},
	{"kernel_mac", YES_NO, offsetof(struct wr_profile, kernel_mac)},
	{"kernel_mtu", YES_NO, offsetof(struct wr_profile, kernel_mtu)},
	{"any_mtu", YES_NO, offsetof(struct wr_profile, any_mtu)},
	{"host_iface", YES_NO, offsetof(struct wr_profile, host_iface)},
	{"notes", TEXT, offsetof(struct wr_profile, notes)},
};

/* An .ini file that is read. */
struct reading {
	const char *file; /* for messages */
	struct rte_cfgfile *cfg;
	struct wr_err *err;
};

static int parse_count(const char *text, unsigned *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || value > UINT16_MAX)
		return -EINVAL;
	*out = (unsigned)value;
	return 0;
}

static int parse_yes_no(const char *text, bool *out)
{
	*out = strcmp(text, "yes") == 0;
	return *out || strcmp(text, "no") == 0 ? 0 : -EINVAL;
}

static int set_key(const struct reading *r, struct wr_profile *profile,
                   const struct rte_cfgfile_entry *entry)
{
	const struct key *key = keys;
	const char *wanted = "";
	void *field;
	int rc = 0;

	while (key < keys + WR_LEN(keys) && strcmp(key->name, entry->name) != 0)
		key++;
	if (key == keys + WR_LEN(keys))
		return wr_err_set(
			r->err, WR_EXIT_USAGE, -ENOENT,
			"%s: [" SECTION
			"] %s: there is no such key; drivers-config/README.md lists them",
			r->file, entry->name);
	field = (char *)profile + key->offset;
	switch (key->kind) {
	case COUNT:
		rc = parse_count(entry->value, field);
		wanted = "a number from 0 to 65535";
		break;
	case YES_NO:
		rc = parse_yes_no(entry->value, field);
		wanted = "yes or no";
		break;
	case TEXT:
		snprintf(field, sizeof(profile->notes), "%s", entry->value);
		break;
	case DRIVERS:
		break;
	}
	if (rc != 0)
		rc = wr_err_set(r->err, WR_EXIT_USAGE, rc,
		                "%s: [" SECTION "] %s: '%s' is not %s", r->file, entry->name,
		                entry->value, wanted);
	return rc;
}

static int set_keys(const struct reading *r, struct wr_profile *profile)
{
	struct rte_cfgfile_entry entries[MAX_ENTRIES];
	int rc = 0, n = rte_cfgfile_section_num_entries(r->cfg, SECTION);

	if (n < 0 || rte_cfgfile_num_sections(r->cfg, NULL, 0) != 1)
		return wr_err_set(r->err, WR_EXIT_USAGE, -EINVAL,
		                  "%s: one section [" SECTION "] is needed, and no other",
		                  r->file);
	if (n > MAX_ENTRIES)
		return wr_err_set(r->err, WR_EXIT_USAGE, -E2BIG,
		                  "%s: [" SECTION "] has more than %d lines", r->file,
		                  MAX_ENTRIES);
	n = rte_cfgfile_section_entries(r->cfg, SECTION, entries, MAX_ENTRIES);
	for (int i = 0; i < n && rc == 0; i++)
		rc = set_key(r, profile, &entries[i]);
	return rc;
}

/* rte_cfgfile reads files only: the text becomes one, in memory. */
static struct rte_cfgfile *load_text(const char *text)
{
	struct rte_cfgfile *cfg = NULL;
	size_t len = strlen(text);
	char path[32];
	int fd = memfd_create("wringer-profile", MFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, text, len) == (ssize_t)len)
		cfg = rte_cfgfile_load(path, CFG_FLAG_EMPTY_VALUES);
	close(fd);
	return cfg;
}

/* Is the driver one of the blank-separated names? */
static bool names_driver(const char *names, const char *driver)
{
	size_t len = strlen(driver);

	for (const char *p = names; p && *p; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		if (word == len && strncmp(p, driver, len) == 0)
			return true;
		p += word;
	}
	return false;
}

/* Applies a built-in file if it is the default or names the driver. */
static int apply_text(struct wr_profile *profile, const struct wr_profile_text *text,
                      const char *driver, struct wr_err *err)
{
	struct reading r = {.file = text->name, .cfg = load_text(text->text), .err = err};
	int rc = 0;

	if (!r.cfg)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EIO,
		                  "the built-in driver profile %s cannot be read; mount "
		                  "/proc",
		                  text->name);
	if (strcmp(text->name, "default") == 0 ||
	    names_driver(rte_cfgfile_get_entry(r.cfg, SECTION, "drivers"), driver)) {
		snprintf(profile->name, sizeof(profile->name), "%s", text->name);
		rc = set_keys(&r, profile);
	}
	rte_cfgfile_close(r.cfg);
	return rc;
}

static int apply_file(struct wr_profile *profile, const char *file, struct wr_err *err)
{
	struct reading r = {.file = file, .err = err};
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	int rc;

	if (access(file, R_OK) != 0)
		return wr_err_set(
			err, WR_EXIT_USAGE, -errno,
			"--driver-config %s: the file cannot be read (%s); name one that can",
			file, strerror(errno));
	r.cfg = rte_cfgfile_load(file, CFG_FLAG_EMPTY_VALUES);
	if (!r.cfg)
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "%s: not an INI file: [" SECTION
		                  "], then lines of key = value "
		                  "of at most 255 characters, comments after ';'",
		                  file);
	snprintf(profile->name, sizeof(profile->name), "%.*s",
	         (int)wr_min((uint32_t)strcspn(base, "."), sizeof(profile->name) - 1), base);
	rc = set_keys(&r, profile);
	rte_cfgfile_close(r.cfg);
	return rc;
}

int wr_profile_load(struct wr_profile *profile, const char *driver, const char *file,
                    struct wr_err *err)
{
	int rc = 0;

	memset(profile, 0, sizeof(*profile));
	rte_log_set_level_pattern("lib.cfgfile", RTE_LOG_EMERG); /* the sentence is ours */
	for (const struct wr_profile_text *t = wr_profile_texts; t->name && rc == 0; t++)
		rc = apply_text(profile, t, driver, err);
	if (rc == 0 && file)
		rc = apply_file(profile, file, err);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration to set, and what was said of it. */
#ifndef CONF_RIG_H
#define CONF_RIG_H

#include <string.h>

#include "keys.h"
#include "wr_test.h"

static const struct wr_conf_origin cli = {WR_CONF_OPTION, 0};

static struct wr_conf conf;
static struct wr_err err;

static inline int fresh(void **state)
{
	wr_conf_default(&conf, WR_CONF_SERVE);
	memset(&err, 0, sizeof(err));
	return 0;
}

static inline int set(const char *name, const char *value)
{
	return wr_conf_set(&conf, &cli, name, value, &err);
}

/* The sentence that setting this gives; "" if it is taken. */
static inline const char *complaint(const char *name, const char *value)
{
	err.text[0] = '\0';
	set(name, value);
	return err.text;
}

/* The value as --print-config writes item i of it; "" if there is none. */
static inline const char *written(const char *name, unsigned i)
{
	static char text[512];
	unsigned number;
	const struct wr_conf_key *key = wr_conf_find(name, conf.command, &number);

	if (!key->kind->write(key, wr_conf_at(&conf, key), i, text, sizeof(text)))
		return "";
	return text;
}

#endif /* CONF_RIG_H */

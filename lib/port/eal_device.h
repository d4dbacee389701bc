/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_EAL_DEVICE_H
#define WR_EAL_DEVICE_H

#include "eal_args.h"

/*
 * What the forms of --port share: eal_device.c has the table and the forms that need nothing,
 * eal_device_iface.c those on an interface of the kernel, eal_device_socket.c those that meet
 * their peer at a Unix socket.
 */

/* What a form needs to be read; the error sentences begin with the spec. */
struct wr_device_text {
	const char *spec;
	const char *args; /* what follows "WORD:"; "" if nothing does */
	unsigned index;
	struct wr_err *err;
};

/* An option of a shorthand, and the devargs key that it stands for. */
struct wr_device_option {
	const char *name;
	const char *key; /* NULL: the number of queues to use, which is not the driver's */
};

struct wr_device_form {
	const char *word; /* "tap" as in "tap:..."; NULL: known by its looks */
	bool (*looks_like)(const char *spec);
	const char *usage;
	int (*parse)(const struct wr_device_text *t, struct wr_eal_device *device);
	/* Adds the arguments that follow from `needs`, where the user gave none; or NULL. */
	int (*complete)(const char *spec, const struct wr_eal_needs *needs,
	                struct wr_eal_device *device, struct wr_err *err);
	int (*check)(const char *spec, const struct wr_eal_device *device, struct wr_err *err);
	/* Takes what two processes might both have found free; fills device->claim. */
	int (*claim)(const char *spec, struct wr_eal_device *device, struct wr_err *err);
};

/* A usage error about the spec. Returns -EINVAL. */
int wr_device_bad(const struct wr_device_text *t, const char *what);

/* Names the device after its driver and index: "net_tap0". */
void wr_device_name(const struct wr_device_text *t, struct wr_eal_device *device,
                    const char *driver);

/* Appends ",key=value" with the first len bytes of value. */
int wr_device_append(const struct wr_device_text *t, struct wr_eal_device *device,
                     const char *key, const char *value, size_t len);

/* Appends "name=value,name=value"; the table of options ends with a NULL name. */
int wr_device_append_options(const struct wr_device_text *t,
                             const struct wr_device_option *options,
                             struct wr_eal_device *device, const char *text);

/* Takes the interface name that ends at ',' or at the end of the text. */
int wr_device_take_iface(const struct wr_device_text *t, struct wr_eal_device *device,
                         const char *text);

/* The value of a devargs key; false if it is not there. */
bool wr_device_value(const struct wr_eal_device *device, const char *key, char *out,
                     size_t size);

/* Appends ",key=value" unless the key is there. Returns 0, or -EINVAL and a sentence. */
int wr_device_preset(const char *spec, struct wr_eal_device *device, const char *key,
                     unsigned value, struct wr_err *err);

int wr_device_parse_tap(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_check_tap(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err);
int wr_device_claim_tap(const char *spec, struct wr_eal_device *device, struct wr_err *err);
int wr_device_parse_pcap(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_check_pcap(const char *spec, const struct wr_eal_device *device,
                         struct wr_err *err);
int wr_device_parse_afpacket(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_complete_afpacket(const char *spec, const struct wr_eal_needs *needs,
                                struct wr_eal_device *device, struct wr_err *err);
int wr_device_check_afpacket(const char *spec, const struct wr_eal_device *device,
                             struct wr_err *err);
int wr_device_parse_xdp(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_complete_xdp(const char *spec, const struct wr_eal_needs *needs,
                           struct wr_eal_device *device, struct wr_err *err);
int wr_device_check_xdp(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err);

int wr_device_parse_memif(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_complete_memif(const char *spec, const struct wr_eal_needs *needs,
                             struct wr_eal_device *device, struct wr_err *err);
int wr_device_parse_vhost(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_complete_vhost(const char *spec, const struct wr_eal_needs *needs,
                             struct wr_eal_device *device, struct wr_err *err);
int wr_device_parse_virtio_user(const struct wr_device_text *t, struct wr_eal_device *device);
int wr_device_complete_virtio_user(const char *spec, const struct wr_eal_needs *needs,
                                   struct wr_eal_device *device, struct wr_err *err);
int wr_device_check_socket(const char *spec, const struct wr_eal_device *device,
                           struct wr_err *err);

#endif /* WR_EAL_DEVICE_H */

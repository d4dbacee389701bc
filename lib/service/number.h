/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SERVICE_NUMBER_H
#define WR_SERVICE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a number of bytes, all of `len` characters: digits, then k, M or G (of 1024) or
 * nothing; no sign, no space. False: it is none, or more than `most`.
 */
bool service_read_bytes(const char *text, size_t len, uint64_t most, uint64_t *bytes);

#endif /* WR_SERVICE_NUMBER_H */

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Helpers of the configuration tests: texts instead of files.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/conf/conf.h"

/* Two lines that most texts begin with: ports p0 and p1, interfaces lan1, lan2, gre0, lo0. */
#define BASE                                                                          \
	"ports: ({name = \"p0\"; device = \"net_null0\";}, {name = \"p1\"; device = " \
	"\"net_null1\";});\n"                                                         \
	"interfaces: ({name = \"lan1\"; port = \"p0\"; address = \"10.1.0.1/24\";}, " \
	"{name = \"lan2\"; port = \"p1\";}, "                                         \
	"{name = \"gre0\"; gre: {local = \"10.1.0.1\"; remote = \"192.0.2.1\";};}, "  \
	"{name = \"lo0\"; loopback = true;});\n"

/* Reads a text of len bytes through a temporary file; the file is called F in messages. */
int text_read(const char *text, size_t len, struct conf **out, char *err, size_t cap);
/* A text that must be right. */
struct conf *right(const char *text);
/* A text that must be wrong, with exactly these messages, one a line ("F:3: ..."). */
void wrong(const char *text, const char *messages);
/* conf_print into a string, to free(). */
char *printed(const struct conf *c);

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Records to stories: what came of each worker's packets, put together until their END.
 */
#pragma once

#include "app/probe/watch.h"

struct stories; /* packets whose END is still to come */

struct stories *stories_new(void); /* NULL: no memory */
void stories_free(struct stories *s);
/* Takes a record (copied): the whole story if it ends one, to be freed; else NULL. A record of an unknown
 * packet is left out, and without memory the packet is. */
struct story *stories_add(struct stories *s, const struct dp_probe_record *rec);
void story_free(struct story *s);

/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * JSON of `show` in the shape and the size that DPDK's telemetry can send.
 */
#include "app/api/telemetry_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROOM_FOR_TOTALS 64 /* "total" and "next" of a page */
#define ROOM_FOR_KEY 16    /* "123":, */

static json_t *text_shape(const json_t *value)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);
	char buf[TELEMETRY_STRING_MAX + 1];

	if (len > TELEMETRY_STRING_MAX)
		len = TELEMETRY_STRING_MAX;
	while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--; /* not in the middle of a character */
	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? ' ' : s[i];
	return json_stringn(buf, len);
}

static json_t *number_text(const json_t *value)
{
	char buf[40];

	if (json_is_real(value))
		snprintf(buf, sizeof(buf), "%.6g", json_real_value(value));
	else
		snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(value));
	return json_string(buf);
}

static json_t *integer_shape(const json_t *value)
{
	json_int_t n = json_integer_value(value);

	return n < INT32_MIN ? number_text(value) : json_integer(n);
}

static json_t *object_shape(const json_t *value)
{
	json_t *o = json_object();
	const json_t *member;
	const char *key;

	json_object_foreach ((json_t *)value, key, member) {
		json_t *shaped = telemetry_shape(member);

		if (shaped && json_object_size(o) < TELEMETRY_MEMBERS_MAX)
			json_object_set_new(o, key, shaped);
		else
			json_decref(shaped);
	}
	return o;
}

/* A list of objects, or of lists, as an object; one that is too long is only counted. */
static json_t *objects_shape(const json_t *value)
{
	json_t *o = json_object();
	const json_t *member;
	char key[24];
	size_t i;

	if (json_array_size(value) > TELEMETRY_MEMBERS_MAX) {
		json_decref(o);
		return json_integer((json_int_t)json_array_size(value));
	}
	json_array_foreach (value, i, member) {
		snprintf(key, sizeof(key), "%zu", i);
		json_object_set_new(o, key, telemetry_shape(member));
	}
	return o;
}

/* DPDK's lists are all strings or all numbers of 0 and more. */
static json_t *array_shape(const json_t *value)
{
	json_t *a = json_array();
	bool numbers = true;
	const json_t *member;
	size_t i;

	json_array_foreach (value, i, member) {
		if (json_is_object(member) || json_is_array(member)) {
			json_decref(a);
			return objects_shape(value);
		}
		numbers &= json_is_integer(member) && json_integer_value(member) >= 0;
	}
	if (json_array_size(value) > TELEMETRY_ITEMS_MAX) {
		json_decref(a);
		return json_integer((json_int_t)json_array_size(value));
	}
	json_array_foreach (value, i, member) {
		json_t *shaped = telemetry_shape(member);

		if (!numbers && json_is_integer(shaped)) {
			json_decref(shaped);
			shaped = number_text(member);
		}
		if (shaped)
			json_array_append_new(a, shaped);
	}
	return a;
}

json_t *telemetry_shape(const json_t *value)
{
	if (!value)
		return NULL;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return object_shape(value);
	case JSON_ARRAY:
		return array_shape(value);
	case JSON_STRING:
		return text_shape(value);
	case JSON_INTEGER:
		return integer_shape(value);
	case JSON_REAL:
		return number_text(value);
	case JSON_TRUE:
		return json_integer(1);
	case JSON_FALSE:
		return json_integer(0);
	case JSON_NULL:
		return NULL;
	}
	return NULL;
}

size_t telemetry_size(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* --- pages ----------------------------------------------------------------------------------------- */

/* The longest list of objects, with its name. */
static const json_t *longest_list(const json_t *value, const char **name)
{
	const json_t *member, *best = NULL;
	const char *key;

	json_object_foreach ((json_t *)value, key, member) {
		if (!json_is_array(member) || !json_is_object(json_array_get(member, 0)))
			continue;
		if (best && json_array_size(member) <= json_array_size(best))
			continue;
		best = member;
		*name = key;
	}
	return best;
}

/* Lists and objects within value, an element of a page, as the number of their members. */
static json_t *shortened(const json_t *value)
{
	json_t *o = json_object();
	const json_t *member;
	const char *key;

	json_object_foreach ((json_t *)value, key, member) {
		if (json_is_array(member))
			json_object_set_new(
				o, key, json_integer((json_int_t)json_array_size(member)));
		else if (!json_is_object(member))
			json_object_set(o, key, (json_t *)member);
	}
	return o;
}

/* An element in its shape; one that would not fit into any page comes shortened. */
static json_t *element_shape(const json_t *value, size_t room)
{
	json_t *shaped = telemetry_shape(value), *less;

	if (!shaped || telemetry_size(shaped) <= room)
		return shaped;
	json_decref(shaped);
	less = shortened(value);
	shaped = telemetry_shape(less);
	json_decref(less);
	return shaped;
}

/* Everything but the list. */
static json_t *rest_shape(const json_t *value, const char *list)
{
	json_t *copy = json_copy((json_t *)value), *shaped;

	json_object_del(copy, list);
	shaped = telemetry_shape(copy);
	json_decref(copy);
	return shaped;
}

json_t *telemetry_page(const json_t *value, const struct telemetry_page *page)
{
	const char *name = NULL;
	const json_t *list = longest_list(value, &name);
	json_t *o, *part;
	size_t used, room, total, i;
	char key[24];

	if (!list) {
		o = telemetry_shape(value);
		if (!o || telemetry_size(o) <= TELEMETRY_BYTES_MAX)
			return o;
		json_decref(o);
		return telemetry_error("the answer is longer than DPDK telemetry can send");
	}
	total = json_array_size(list);
	o = rest_shape(value, name);
	part = json_object();
	used = telemetry_size(o) + strlen(name) + ROOM_FOR_TOTALS;
	room = used + ROOM_FOR_KEY < TELEMETRY_BYTES_MAX ? TELEMETRY_BYTES_MAX - used - ROOM_FOR_KEY
							 : 0;
	for (i = page->offset; i < total && json_object_size(part) < page->limit; i++) {
		json_t *one = element_shape(json_array_get(list, i), room);
		size_t len = telemetry_size(one) + ROOM_FOR_KEY;

		if (json_object_size(part) == TELEMETRY_MEMBERS_MAX ||
			(used + len > TELEMETRY_BYTES_MAX && json_object_size(part))) {
			json_decref(one);
			break;
		}
		used += len;
		snprintf(key, sizeof(key), "%zu", json_object_size(part));
		json_object_set_new(part, key, one);
	}
	json_object_set_new(o, name, part);
	json_object_set_new(o, "total", json_integer((json_int_t)total));
	if (i < total)
		json_object_set_new(o, "next", json_integer((json_int_t)i));
	return o;
}

json_t *telemetry_error(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	json_t *o, *shaped;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *s = text; *s; s++)
		if (*s & 0x80)
			*s = '?';
	o = json_pack("{s:s}", "error", text);
	shaped = telemetry_shape(o);
	json_decref(o);
	return shaped;
}

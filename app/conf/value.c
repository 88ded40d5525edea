/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Single values: from libconfig's types to ours with every check a value alone allows, and back
 * to text.
 */
#include "app/conf/conf_priv.h"

#include <ctype.h>
#include <errno.h>

const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	default:
		return "nothing";
	}
}

const char *value_string(struct conf_reader *r, config_setting_t *s, const char *key,
	const char *what, const char *example)
{
	const char *v;

	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		problem_add(r, line_of(s), "%s of %s must be a string such as %s, not %s", key,
			what, example, type_name(s));
		return NULL;
	}
	v = config_setting_get_string(s);
	return v ? v : "";
}

/* --- numbers ------------------------------------------------------------------------------------ */

/* Decimal or 0x text of an unsigned number, nothing else. */
static bool text_number(const char *s, long long *out)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	char *end;

	if (!isxdigit((unsigned char)s[hex ? 2 : 0]))
		return false;
	errno = 0;
	*out = strtoll(s, &end, hex ? 16 : 10);
	return *end == '\0' && errno == 0;
}

bool value_uint(struct conf_reader *r, config_setting_t *s, const char *key, const char *what,
	uint32_t min, uint32_t max, uint32_t *out)
{
	bool wide = max > INT32_MAX; /* libconfig's plain integers do not hold it */
	long long v = -1;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		v = config_setting_get_int64(s);
		break;
	case CONFIG_TYPE_STRING:
		if (wide && text_number(config_setting_get_string(s), &v))
			break;
		/* fall through */
	default:
		problem_add(r, line_of(s), "%s of %s must be a number %u to %u, not %s", key, what,
			min, max, type_name(s));
		return false;
	}
	if (v < min || v > max) {
		problem_add(r, line_of(s), "%s of %s is %lld, out of range: %u to %u%s", key, what,
			v, min, max, wide ? " (above 2147483647 as a string)" : "");
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

static void uint_store(void *at, size_t size, uint32_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;

	memcpy(at, size == 1 ? (void *)&v8 : size == 2 ? (void *)&v16 : (void *)&v, size);
}

static uint32_t uint_load(const void *at, size_t size)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;

	switch (size) {
	case 1:
		memcpy(&v8, at, 1);
		return v8;
	case 2:
		memcpy(&v16, at, 2);
		return v16;
	default:
		memcpy(&v32, at, 4);
		return v32;
	}
}

/* --- strings ------------------------------------------------------------------------------------ */

static bool string_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, char *at)
{
	const char *v = value_string(r, s, k->name, what, k->example);

	if (!v)
		return false;
	if (strlen(v) < k->min) {
		problem_add(r, line_of(s), "%s of %s is empty: write for example %s", k->name, what,
			k->example);
		return false;
	}
	if (strlen(v) >= k->size) {
		problem_add(r, line_of(s), "%s of %s is too long: at most %zu characters", k->name,
			what, k->size - 1);
		return false;
	}
	for (const char *c = v; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			problem_add(r, line_of(s), "%s of %s holds a control character: remove it",
				k->name, what);
			return false;
		}
	}
	memset(at, 0, k->size);
	memcpy(at, v, strlen(v));
	return true;
}

static bool word_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *at)
{
	const char *v = value_string(r, s, k->name, what, k->example);
	char list[96] = "";

	if (!v)
		return false;
	for (uint32_t i = 0; k->words[i]; i++) {
		if (strcmp(k->words[i], v) == 0) {
			uint_store(at, k->size, i);
			return true;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"",
			i == 0            ? ""
			: k->words[i + 1] ? ", "
					  : " or ",
			k->words[i]);
	}
	problem_add(r, line_of(s), "%s of %s is \"%.32s\": it must be %s", k->name, what, v, list);
	return false;
}

static bool bool_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *at)
{
	bool v;

	if (config_setting_type(s) != CONFIG_TYPE_BOOL) {
		problem_add(r, line_of(s), "%s of %s must be true or false, without quotes, not %s",
			k->name, what, type_name(s));
		return false;
	}
	v = config_setting_get_bool(s);
	uint_store(at, k->size, v);
	return true;
}

/* --- addresses ------------------------------------------------------------------------------------ */

static bool mac_parse(const char *s, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++, s += 3) {
		char hex[3] = {s[0], s[0] ? s[1] : '\0', '\0'};

		if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]))
			return false;
		if (i < 5 ? s[2] != ':' && s[2] != '-' : s[2] != '\0')
			return false;
		mac[i] = (uint8_t)strtoul(hex, NULL, 16);
	}
	return true;
}

static bool mac_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *at)
{
	static const uint8_t zero[6];
	const char *v = value_string(r, s, k->name, what, k->example);
	uint8_t mac[6];

	if (!v)
		return false;
	if (!mac_parse(v, mac)) {
		problem_add(r, line_of(s), "%s of %s: \"%.32s\" is no MAC address such as %s",
			k->name, what, v, k->example);
		return false;
	}
	if ((mac[0] & 1) || memcmp(mac, zero, 6) == 0) {
		problem_add(r, line_of(s), "%s of %s: %s is %s; write one such as %s", k->name,
			what, v, mac[0] & 1 ? "a group address" : "all zero", k->example);
		return false;
	}
	memcpy(at, mac, 6);
	return true;
}

const char *ip_not_unicast(const struct ipaddr *ip)
{
	static const uint8_t ones[4] = {255, 255, 255, 255};

	if (ip_is_multicast(ip))
		return "is a multicast address";
	if (ip_is_any(ip))
		return "is the unspecified address";
	if (ip_is_loopback(ip))
		return "is a loopback address of the host";
	if (ip->family == IP_V4 && ip->b[0] == 0)
		return "is in 0.0.0.0/8, which is nobody's";
	if (ip->family == IP_V4 && memcmp(ip->b, ones, 4) == 0)
		return "is the broadcast address";
	return NULL;
}

static bool ip_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *at)
{
	const char *v = value_string(r, s, k->name, what, k->example);
	const char *why;
	struct ipaddr ip;

	if (!v)
		return false;
	if (ip_parse(v, &ip)) {
		problem_add(r, line_of(s), "%s of %s: \"%.48s\" is no IP address such as %s%s",
			k->name, what, v, k->example,
			strchr(v, '/') ? " (no prefix length here)" : "");
		return false;
	}
	why = ip_not_unicast(&ip);
	if (why) {
		problem_add(r, line_of(s), "%s of %s: %s %s; write a unicast address such as %s",
			k->name, what, v, why, k->example);
		return false;
	}
	memcpy(at, &ip, sizeof(ip));
	return true;
}

bool value_prefix(struct conf_reader *r, config_setting_t *s, const char *key, const char *what,
	const char *example, struct prefix *out)
{
	const char *v = value_string(r, s, key, what, example);
	char buf[PREFIX_STRLEN];
	struct prefix p;
	struct ipaddr ip;
	uint8_t len;

	if (!v)
		return false;
	if (prefix_parse_if(v, &ip, &len)) {
		problem_add(r, line_of(s), "%s of %s: \"%.48s\" is no address or prefix such as %s",
			key, what, v, example);
		return false;
	}
	p = prefix_make(ip, len);
	if (!ip_eq(&p.addr, &ip)) {
		problem_add(r, line_of(s),
			"%s of %s: %s has bits set behind its length; write \"%s/%u\"", key, what,
			v, ip_str(&p.addr, buf, sizeof(buf)), len);
		return false;
	}
	*out = p;
	return true;
}

bool value_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *obj)
{
	void *at = (char *)obj + k->offset;
	uint32_t v;

	switch (k->type) {
	case KEY_STRING:
		return string_read(r, s, k, what, at);
	case KEY_BOOL:
		return bool_read(r, s, k, what, at);
	case KEY_UINT:
		if (!value_uint(r, s, k->name, what, k->min, k->max, &v))
			return false;
		uint_store(at, k->size, v);
		return true;
	case KEY_WORD:
		return word_read(r, s, k, what, at);
	case KEY_MAC:
		return mac_read(r, s, k, what, at);
	case KEY_IP:
		return ip_read(r, s, k, what, at);
	case KEY_OTHER:
	case KEY_LATER:
		break;
	}
	return false;
}

/* --- to text --------------------------------------------------------------------------------------- */

void string_print(const char *s, FILE *to)
{
	fputc('"', to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', to);
		fputc(*s, to);
	}
	fputc('"', to);
}

void prefix_print(const struct prefix *p, FILE *to)
{
	char buf[PREFIX_STRLEN];

	if (p->len == ip_bits(&p->addr))
		fprintf(to, "\"%s\"", ip_str(&p->addr, buf, sizeof(buf)));
	else
		fprintf(to, "\"%s/%u\"", ip_str(&p->addr, buf, sizeof(buf)), p->len);
}

void value_print(const struct conf_key *k, const void *obj, FILE *to)
{
	const void *at = (const char *)obj + k->offset;
	const uint8_t *mac = at;
	char buf[IP_STRLEN];
	uint32_t v;

	switch (k->type) {
	case KEY_STRING:
		string_print(at, to);
		return;
	case KEY_BOOL:
		fputs(uint_load(at, k->size) ? "true" : "false", to);
		return;
	case KEY_UINT:
		v = uint_load(at, k->size);
		fprintf(to, v > INT32_MAX ? "\"%u\"" : "%u", v);
		return;
	case KEY_WORD:
		fprintf(to, "\"%s\"", k->words[uint_load(at, k->size)]);
		return;
	case KEY_MAC:
		fprintf(to, "\"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2], mac[3],
			mac[4], mac[5]);
		return;
	case KEY_IP:
		fprintf(to, "\"%s\"", ip_str(at, buf, sizeof(buf)));
		return;
	case KEY_OTHER:
	case KEY_LATER:
		return;
	}
}

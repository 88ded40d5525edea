/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Inside the configuration room. Every group of the file has a table of its keys; the same table
 * reads, checks and prints them, names the nearest key for a misspelt one and is compared with the
 * manual page.
 */
#pragma once

#include "app/conf/conf.h"

#include <libconfig.h>

#define WHAT_LEN 96     /* holds "output 3 of static route (10.0.0.1, 239.1.1.1)" */
#define PROBLEMS_MAX 64 /* kept; more are only counted */
#define PROBLEM_LEN 560

struct problem {
	unsigned line; /* 0: no line to blame */
	unsigned order;
	char text[PROBLEM_LEN];
};

/* A file while it is read. */
struct conf_reader {
	const char *path;
	struct conf *conf;
	struct problem *problems;
	unsigned n_problems; /* kept */
	unsigned total;      /* found */
	bool no_memory;
	unsigned *route_lines;          /* of conf->routes, for duplicates; 0: unreadable */
	const struct conf_if **by_name; /* conf->ifs in order of name, for references */
	size_t n_by_name;
};

enum key_type {
	KEY_STRING, /* min: least length */
	KEY_BOOL,
	KEY_UINT,  /* 8, 16 or 32 bits, by size; 32 bits may be written as a string */
	KEY_WORD,  /* one of words; the value is its index */
	KEY_MAC,   /* unicast */
	KEY_IP,    /* unicast address */
	KEY_OTHER, /* read and print functions */
	KEY_LATER, /* of a protocol this version does not have: refused by name */
};

struct conf_key {
	const char *name;
	enum key_type type;
	bool required;       /* and always printed */
	size_t offset, size; /* in the struct that the group fills */
	uint32_t min, max;
	const char *const *words;
	const char *example; /* a correct value, as it would be written */
	void (*read)(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
	void (*print)(const void *obj, FILE *to); /* whole "key = value; " or nothing */
};

#define KEY_FIELD(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

struct conf_group {
	const char *name; /* path for the manual: "interfaces.gre"; "" the file itself */
	const struct conf_key *keys;
	size_t n_keys;
};

#define GROUP(path, table)                                                                \
	{                                                                                 \
		.name = path, .keys = table, .n_keys = sizeof(table) / sizeof((table)[0]) \
	}

extern const struct conf_group conf_group_file, conf_group_router, conf_group_port,
	conf_group_offload, conf_group_if, conf_group_gre, conf_group_rpf, conf_group_neigh,
	conf_group_pref, conf_group_static, conf_group_route, conf_group_output, conf_group_control,
	conf_group_police, conf_group_hold, conf_group_igmp, conf_group_mld, conf_group_join,
	conf_group_access, conf_group_if_pim, conf_group_pim_neighbor, conf_group_file_igmp,
	conf_group_file_mld, conf_group_ssm_map, conf_group_pim, conf_group_rp, conf_group_spt,
	conf_group_register_rule, conf_group_pim_limits;

/* --- text.c ------------------------------------------------------------------------------------ */

/* The whole file with a NUL behind it, to free(); -errno with a sentence in err. */
int conf_text_load(const char *path, char **text, size_t *len, char *err, size_t err_cap);

/* --- read.c ------------------------------------------------------------------------------------- */

/* Of the keys with this name that are numbers the one with the greatest maximum, NULL if there is none. */
const struct conf_key *key_widest(const char *name, size_t len);

/* --- syntax.c ---------------------------------------------------------------------------------- */

/* Checks the text as libconfig's grammar wants it, and what libconfig would get silently wrong
 * (numbers beyond 32 bits, unfinished comments, includes). Only a text without problems may be
 * given to libconfig. */
void syntax_check(struct conf_reader *r, const char *text, size_t len);

/* --- reader.c ---------------------------------------------------------------------------------- */

void problem_add(struct conf_reader *r, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* In order of lines; whole lines only. */
void problems_print(const struct conf_reader *r, char *err, size_t cap);

static inline unsigned line_of(const config_setting_t *s)
{
	return config_setting_source_line(s);
}

/* The line of a group's member, of the group itself when it has none of that name. */
static inline unsigned line_in(config_setting_t *group, const char *key)
{
	const config_setting_t *m = config_setting_get_member(group, key);

	return line_of(m ? m : group);
}

/* Reads a group into obj, which holds the defaults. False if s is no group. */
bool group_read(struct conf_reader *r, config_setting_t *s, const struct conf_group *g,
	const char *what, void *obj);
/* Says what is wrong with the names of a group's keys: unknown, missing, not available. */
bool group_names_check(
	struct conf_reader *r, config_setting_t *s, const struct conf_group *g, const char *what);
/* The length of a list of groups, an empty one of any kind; -1 and a problem if s is neither. */
int list_check(struct conf_reader *r, config_setting_t *s, const char *what, const char *example);
/* Prints the keys whose values differ from those in defaults, each with a blank behind. */
void group_print(const struct conf_group *g, const void *obj, const void *defaults, FILE *to);
/* Nearest of the names to a misspelt one, or NULL. */
const char *nearest(const char *name, const char *const *names, size_t n);

/* --- value.c ----------------------------------------------------------------------------------- */

/* Each false with a problem added and *out untouched when the value does not fit. */
bool value_read(struct conf_reader *r, config_setting_t *s, const struct conf_key *k,
	const char *what, void *obj);
/* s itself when it is a string (else a problem). key: its name, for list elements too. */
const char *value_string(struct conf_reader *r, config_setting_t *s, const char *key,
	const char *what, const char *example);
bool value_uint(struct conf_reader *r, config_setting_t *s, const char *key, const char *what,
	uint32_t min, uint32_t max, uint32_t *out);
bool value_prefix(struct conf_reader *r, config_setting_t *s, const char *key, const char *what,
	const char *example, struct prefix *out);
/* Why this is no unicast address, or NULL. */
const char *ip_not_unicast(const struct ipaddr *ip);
/* "a string", "a number" ... */
const char *type_name(const config_setting_t *s);
void value_print(const struct conf_key *k, const void *obj, FILE *to);
void string_print(const char *s, FILE *to); /* quoted */
/* A prefix with its length even when that is 0 (prefix_str says "*"). */
void prefix_print(const struct prefix *p, FILE *to);

/* --- rules.c ------------------------------------------------------------------------------------ */

/* A rule of any of the lists, before it becomes the protocol's own. Prefixes of length 0: any. */
struct conf_rule {
	uint8_t permit;
	struct prefix src, grp;
};

/* An array of prefixes (of groups, or unicast), or a single one: their number, and the array, to free(). */
uint32_t prefixes_read(struct conf_reader *r, config_setting_t *s, const char *key,
	const char *what, bool groups, struct prefix **out);
void prefixes_print(const char *key, const struct prefix *v, size_t n, FILE *to);
/* A list of rules, each read by the group g; likewise. */
uint32_t rules_read(struct conf_reader *r, config_setting_t *s, const struct conf_group *g,
	const char *what, struct conf_rule **out);
void rule_print(const struct conf_group *g, const struct conf_rule *rule, FILE *to);

/* --- sections ----------------------------------------------------------------------------------- */

void router_defaults(struct conf_router *rt);
void control_defaults(struct conf_control *c);
void port_defaults(struct conf_port *p);
void if_defaults(struct conf_if *ifp);
void output_defaults(struct static_output *o);

void router_read(struct conf_reader *r, config_setting_t *s);
void control_read(struct conf_reader *r, config_setting_t *s);
void ports_read(struct conf_reader *r, config_setting_t *s);
void ifs_read(struct conf_reader *r, config_setting_t *s);
void rpf_read(struct conf_reader *r, config_setting_t *s);
void neighs_read(struct conf_reader *r, config_setting_t *s);
void prefs_read(struct conf_reader *r, config_setting_t *s);
void ecmp_read(struct conf_reader *r, config_setting_t *s);
void pref_print(const struct conf *c, size_t i, FILE *to);
void static_read(struct conf_reader *r, config_setting_t *s);
/* static.routes.except; obj is the route. Checked once its source and group are known. */
void except_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void excepts_check(
	struct conf_reader *r, unsigned line, const char *what, const struct static_route *rt);
void excepts_print(const struct static_route *r, FILE *to);

/* police.c: the group in router and ports. */
void police_group_read(
	struct conf_reader *r, config_setting_t *s, const char *what, struct conf_police *p);
void police_group_print(const struct conf_police *p, FILE *to);
bool police_differs(const struct conf_police *a, const struct conf_police *b);

/* gre.c, vlan.c: keys of an interface. vlan_check: whether they fit together; fills in what follows from
 * them. */
void gre_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void gre_print(const void *obj, FILE *to);
void vlan_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void vlan_print(const void *obj, FILE *to);
void tpid_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void tpid_print(const void *obj, FILE *to);
void vlan_check(
	struct conf_reader *r, config_setting_t *s, const char *what, struct net_if_conf *c);

/* gmp.c: igmp and mld of an interface, and of the file. */
void conf_igmp_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void conf_igmp_print(const void *obj, FILE *to);
void conf_mld_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void conf_mld_print(const void *obj, FILE *to);
/* What its protocol says of an interface's settings, once its name is known. */
void conf_gmp_if_check(struct conf_reader *r, config_setting_t *s, const struct conf_if *ifp);
void conf_gmp_if_free(struct conf_if *ifp);
void conf_gmp_igmp_read(struct conf_reader *r, config_setting_t *s);
void conf_gmp_mld_read(struct conf_reader *r, config_setting_t *s);
void conf_gmp_check(struct conf_reader *r); /* with the SSM ranges known */
void conf_gmp_print(const struct conf *c, FILE *to);

/* pim_if.c, pim.c: likewise. */
void conf_pim_if_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj);
void conf_pim_if_print(const void *obj, FILE *to);
void conf_pim_if_check(struct conf_reader *r, config_setting_t *s, const struct conf_if *ifp);
void conf_pim_if_free(struct conf_if *ifp);
void conf_pim_defaults(struct conf *c);
void conf_pim_read(struct conf_reader *r, config_setting_t *s);
void conf_pim_print(const struct conf *c, FILE *to);
void conf_pim_free(struct conf *c);

/* "port 'p0'", or "port 2" when it has no readable name. */
void what_named(char *what, config_setting_t *s, const char *kind, int index);
/* An array of n zeroed elements, NULL for none and (with no_memory set) without memory. */
void *reader_array(struct conf_reader *r, int n, size_t size);
/* The interface of that name, or NULL and a problem that names the nearest. */
const struct conf_if *if_find(
	struct conf_reader *r, unsigned line, const char *key, const char *what, const char *name);
/* The kernel interface beneath a vdev (iface=NAME in its arguments), or false. */
bool device_netdev(const char *device, char *name, size_t cap);

/* --- check.c: what only the whole file can tell --------------------------------------------------- */

void check_ports(struct conf_reader *r);
void check_ifs(struct conf_reader *r);
void check_subnets(struct conf_reader *r); /* one interface each */
/* 169.254.0.0/16, fe80::/10. */
bool ip_is_link_local(const struct ipaddr *a);
void check_lists(struct conf_reader *r);  /* rpf, neighbors, rpf_preference */
void check_routes(struct conf_reader *r); /* duplicates */

/* --- driver.c ------------------------------------------------------------------------------------ */

/* As conf_driver_for_device, with the directory of PCI devices given. */
int driver_match(const char *dir, const char *sys_pci, const char *device, char *name, size_t cap);

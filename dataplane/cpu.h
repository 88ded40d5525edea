/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which vector instructions may be used. Nothing but x86-64 is asked.
 */
#pragma once

#ifdef RTE_ARCH_X86_64
#include <rte_cpuflags.h>

#include <stdbool.h>

static inline bool cpu_has_avx2(void)
{
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0;
}

/* The first CPUs with AVX-512 slow down for it; those with VBMI2 came later and do not. */
static inline bool cpu_has_avx512(void)
{
	return cpu_has_avx2() && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VBMI2) > 0;
}
#endif

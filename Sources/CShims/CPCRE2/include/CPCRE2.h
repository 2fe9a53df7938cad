// PCRE2 for subjects of bytes. The header makes its names from this width (pcre2_match_8 and so on).
#ifndef PROBEOPS_CPCRE2_H
#define PROBEOPS_CPCRE2_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// Option macros are expressions with a cast or unsigned suffix; together they do not import.
static const uint32_t PROBE_PCRE2_COMPILE =
    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C;
// PCRE2_UNSET is ~(size_t)0, a cast that does not import.
static const size_t PROBE_PCRE2_UNSET = PCRE2_UNSET;

#endif

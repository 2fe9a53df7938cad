#ifndef PROBEOPS_CLDNS_H
#define PROBEOPS_CLDNS_H
#include <ldns/ldns.h>

// "owner TTL class type rdata", tab-separated, without ldns' comments. The format is a mutable global pointer in C,
// which Swift's concurrency checks refuse. WKS is written in the RFC 3597 form: its own form calls getservbyport(3) and
// getprotobynumber(3), which read files and are not safe in several threads.
static inline ldns_status probe_ldns_record_text(ldns_buffer *output, const ldns_rr *record) {
    if (ldns_rr_get_type(record) != LDNS_RR_TYPE_WKS)
        return ldns_rr2buffer_str_fmt(output, ldns_output_format_nocomments, record);
    ldns_output_format_storage storage = {.flags = ldns_output_format_nocomments->flags};
    ldns_output_format *format = (ldns_output_format *)&storage;
    ldns_status status = ldns_output_format_set_type(format, LDNS_RR_TYPE_WKS);
    if (status == LDNS_STATUS_OK) status = ldns_rr2buffer_str_fmt(output, format, record);
    ldns_rdf_deep_free(storage.bitmap);
    return status;
}

// LDNS_FREE is a macro over the allocator that the library was built with.
static inline void probe_ldns_free(void *memory) { LDNS_FREE(memory); }

#endif

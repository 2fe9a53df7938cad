#ifndef PROBE_DASHBOARD_H
#define PROBE_DASHBOARD_H

#include <stddef.h>

/// One file of the dashboard, as it is in Assets/.
struct probe_dashboard_asset {
    /// Below Assets/, such as "results/ping.js".
    const char *_Nonnull path;
    const unsigned char *_Nonnull bytes;
    size_t length;
};

/// The files one after the other; NULL behind the last one.
const struct probe_dashboard_asset *_Nullable probe_dashboard_asset(size_t index);

#endif

// The dashboard's files as bytes of the program. #embed (C23, in clang since 19) costs no build time worth
// naming and makes the compiler watch the files; SwiftPM's .embedInCode writes them as Swift literals, which take
// seconds to compile, and drops their folders.

#include "ProbeDashboard.h"

// The package's C is older than its compiler.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char access_js[] = {
#embed "Assets/access.js"
};
static const unsigned char api_js[] = {
#embed "Assets/api.js"
};
static const unsigned char app_js[] = {
#embed "Assets/app.js"
};
static const unsigned char base_css[] = {
#embed "Assets/base.css"
};
static const unsigned char charts_js[] = {
#embed "Assets/charts.js"
};
static const unsigned char choice_js[] = {
#embed "Assets/choice.js"
};
static const unsigned char dialogs_js[] = {
#embed "Assets/dialogs.js"
};
static const unsigned char dom_js[] = {
#embed "Assets/dom.js"
};
static const unsigned char format_js[] = {
#embed "Assets/format.js"
};
static const unsigned char icon_svg[] = {
#embed "Assets/icon.svg"
};
static const unsigned char index_html[] = {
#embed "Assets/index.html"
};
static const unsigned char jobs_js[] = {
#embed "Assets/jobs.js"
};
static const unsigned char lists_js[] = {
#embed "Assets/lists.js"
};
static const unsigned char live_js[] = {
#embed "Assets/live.js"
};
static const unsigned char measurement_js[] = {
#embed "Assets/measurement.js"
};
static const unsigned char measurements_js[] = {
#embed "Assets/measurements.js"
};
static const unsigned char node_js[] = {
#embed "Assets/node.js"
};
static const unsigned char nodes_js[] = {
#embed "Assets/nodes.js"
};
static const unsigned char parts_css[] = {
#embed "Assets/parts.css"
};
static const unsigned char parts_js[] = {
#embed "Assets/parts.js"
};
static const unsigned char results_css[] = {
#embed "Assets/results.css"
};
static const unsigned char results_dns_js[] = {
#embed "Assets/results/dns.js"
};
static const unsigned char results_http_js[] = {
#embed "Assets/results/http.js"
};
static const unsigned char results_others_js[] = {
#embed "Assets/results/others.js"
};
static const unsigned char results_path_js[] = {
#embed "Assets/results/path.js"
};
static const unsigned char results_ping_js[] = {
#embed "Assets/results/ping.js"
};
static const unsigned char results_result_js[] = {
#embed "Assets/results/result.js"
};
static const unsigned char results_tls_js[] = {
#embed "Assets/results/tls.js"
};
static const unsigned char router_js[] = {
#embed "Assets/router.js"
};
static const unsigned char run_js[] = {
#embed "Assets/run.js"
};
static const unsigned char schedules_js[] = {
#embed "Assets/schedules.js"
};
static const unsigned char theme_js[] = {
#embed "Assets/theme.js"
};
static const unsigned char tools_js[] = {
#embed "Assets/tools.js"
};

#define ASSET(path, bytes) { path, bytes, sizeof(bytes) }

static const struct probe_dashboard_asset assets[] = {
    ASSET("access.js", access_js),
    ASSET("api.js", api_js),
    ASSET("app.js", app_js),
    ASSET("base.css", base_css),
    ASSET("charts.js", charts_js),
    ASSET("choice.js", choice_js),
    ASSET("dialogs.js", dialogs_js),
    ASSET("dom.js", dom_js),
    ASSET("format.js", format_js),
    ASSET("icon.svg", icon_svg),
    ASSET("index.html", index_html),
    ASSET("jobs.js", jobs_js),
    ASSET("lists.js", lists_js),
    ASSET("live.js", live_js),
    ASSET("measurement.js", measurement_js),
    ASSET("measurements.js", measurements_js),
    ASSET("node.js", node_js),
    ASSET("nodes.js", nodes_js),
    ASSET("parts.css", parts_css),
    ASSET("parts.js", parts_js),
    ASSET("results.css", results_css),
    ASSET("results/dns.js", results_dns_js),
    ASSET("results/http.js", results_http_js),
    ASSET("results/others.js", results_others_js),
    ASSET("results/path.js", results_path_js),
    ASSET("results/ping.js", results_ping_js),
    ASSET("results/result.js", results_result_js),
    ASSET("results/tls.js", results_tls_js),
    ASSET("router.js", router_js),
    ASSET("run.js", run_js),
    ASSET("schedules.js", schedules_js),
    ASSET("theme.js", theme_js),
    ASSET("tools.js", tools_js),
};

const struct probe_dashboard_asset *probe_dashboard_asset(size_t index) {
    return index < sizeof(assets) / sizeof(assets[0]) ? &assets[index] : NULL;
}

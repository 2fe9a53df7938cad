-- For wrk against blackbox_exporter: wrk -s probe.lua URL -- MODULE TARGET. "{host}" in the target becomes two octets
-- made from a number. Each answer is looked into; the tally is one JSON line.
local number = 0
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(arguments)
    module, target = arguments[1], arguments[2]
    wrong_answers = 0
    checked = 0
end

function request()
    number = number + 1
    local host = (math.floor(number / 250) % 250) .. "." .. (number % 250 + 1)
    return wrk.format("GET", "/probe?module=" .. module .. "&target=" .. target:gsub("{host}", host))
end

function response(status, headers, body)
    checked = checked + 1
    if status ~= 200 or not body:find("probe_success 1", 1, true) then wrong_answers = wrong_answers + 1 end
end

function done(summary, latency, requests)
    local checked, wrong = 0, 0
    for _, thread in ipairs(threads) do
        checked = checked + thread:get("checked")
        wrong = wrong + thread:get("wrong_answers")
    end
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    print(string.format(
        'TALLY {"jobs": %d, "seconds": %.6f, "checked": %d, "wrong": %d, "p50": %.3f, "p99": %.3f}',
        summary.requests, summary.duration / 1e6, checked, wrong + errors + summary.errors.status,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

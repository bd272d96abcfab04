-- A script for wrk that sends the texts of $TEXTS to /v1/embeddings, one per request.

local texts = {}
for line in io.lines(os.getenv("TEXTS")) do
  texts[#texts + 1] = '{"input":"' .. line .. '"}'
end

local headers = { ["Content-Type"] = "application/json" }
local next_text = 0

function request()
  next_text = next_text % #texts + 1
  return wrk.format("POST", "/v1/embeddings", headers, texts[next_text])
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.1f, "per_second": %.1f, "p50_ms": %.1f, "p99_ms": %.1f, "max_ms": %.1f, ' ..
    '"not_2xx": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration / 1e6, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end

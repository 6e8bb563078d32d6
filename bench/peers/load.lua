-- Sends the requests of the file REQUESTS (a path, a purpose and a body a line, between tabs) in turn, each connection with a
-- pause of PAUSE milliseconds before each; prints JSON.
local requests, at, lines = {}, 0, {}
for line in io.lines(os.getenv("REQUESTS")) do lines[#lines + 1] = line end
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")

function init()
  for _, line in ipairs(lines) do
    local path, purpose, body = line:match("^(.-)\t(.-)\t(.*)$")
    local headers = { ["Access-Purpose"] = purpose }
    for name, value in pairs(wrk.headers) do headers[name] = value end
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local pause = tonumber(os.getenv("PAUSE") or "0")
if pause > 0 then
  -- Between half and one and a half of it, so that connections do not keep step.
  function delay() return math.floor(pause * (0.5 + math.random())) end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end

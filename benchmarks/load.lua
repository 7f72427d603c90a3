-- What load.py has wrk do: send the requests of a file, one after the other and over again, and count the answers.
-- A line of the file is a token and a path. Used as: wrk -t1 -s load.lua http://127.0.0.1:8000 -- FILE

local sent = 0
local requests = {}
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  unwelcome, an_unwelcome_status = 0, 0 -- not local: `done` asks the thread for them
  for line in io.lines(arguments[1]) do
    local token, path = line:match("^(%S+) (%S+)$")
    table.insert(requests, wrk.format("GET", path, { ["Authorization"] = "Bearer " .. token }))
  end
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function response(status)
  if status < 200 or status > 299 then
    unwelcome, an_unwelcome_status = unwelcome + 1, status
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    "measured %d %d %d %d %d %d %d %d",
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99),
    threads[1]:get("unwelcome"), threads[1]:get("an_unwelcome_status"),
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end

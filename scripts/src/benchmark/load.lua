-- Sends each prepared request once, and ends wrk as soon as all are answered:
--   wrk … -s load.lua URL -- FILE COUNT
-- FILE holds requests, each after a line with its length.
local ffi = require("ffi")
ffi.cdef [[
  struct timespec { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct timespec *at);
  int getpid(void);
  int kill(int process, int signal);
]]
local at = ffi.new("struct timespec")
local requests, threads = {}, {}
local due, answered, sent = 0, 0, -1 -- wrk calls request() once before it starts
refused, began, ended = 0, 0, 0

local function clock()
  ffi.C.clock_gettime(1, at)
  return tonumber(at.seconds) + tonumber(at.nanoseconds) / 1e9
end

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for number = 1, tonumber(arguments[2]) do
    requests[number] = file:read(tonumber(file:read("*l")))
  end
  file:close()
end

function delay() -- called before each request of a connection; without requests left, the connection sleeps
  due = due + 1
  return due <= #requests and 0 or 3600000
end

function request()
  sent = sent + 1
  if sent == 1 then
    began = clock()
  end
  return requests[math.max(sent, 1)]
end

function response(status)
  answered = answered + 1
  if status ~= 200 and status ~= 204 then
    refused = refused + 1
  end
  if answered == #requests then
    ended = clock()
    ffi.C.kill(ffi.C.getpid(), 2) -- SIGINT: wrk ends, and reports
  end
end

function done(summary, latency)
  local thread = threads[1]
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"answered": %d, "refused": %d, "broken": %d, "seconds": %f, "p50": %f, "p99": %f}\n',
    summary.requests, thread:get("refused"), errors.connect + errors.read + errors.write + errors.timeout,
    thread:get("ended") - thread:get("began"), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

-- wrk: GET a vacancy chosen at random from a file of ids, one a line. The requests are made beforehand, so that the load
-- generator takes as little of the machine as it can.
local requests = {}
function init(args)
  for line in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", "/v1/jobs/" .. line) end
  math.randomseed(tonumber(args[2]) or 1)
end
function request()
  return requests[math.random(#requests)]
end

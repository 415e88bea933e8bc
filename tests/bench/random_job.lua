-- wrk: GET a vacancy chosen at random from a file of ids, one a line.
local ids = {}
function init(args)
  for line in io.lines(args[1]) do ids[#ids + 1] = line end
  math.randomseed(tonumber(args[2]) or 1)
end
function request()
  return wrk.format("GET", "/v1/jobs/" .. ids[math.random(#ids)])
end

-- wrk: POST an application; every pair of candidate (token) and vacancy once, starting at an offset.
local tokens, ids, at = {}, {}, 0
function init(args)
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  for line in io.lines(args[2]) do ids[#ids + 1] = line end
  at = tonumber(args[3])
end
function request()
  local token = tokens[at % #tokens + 1]
  local id = ids[(math.floor(at / #tokens) + at * 7) % #ids + 1]
  at = at + 1
  return wrk.format("POST", "/v1/jobs/" .. id .. "/applications",
    {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"},
    '{"cover_letter":"I have supported two managing directors for six years and would like to hear more."}')
end

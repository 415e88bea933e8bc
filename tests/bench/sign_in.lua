-- wrk: POST /v1/sessions with the right password, for one account after the other.
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", "/v1/sessions", {["Content-Type"] = "application/json"},
      '{"email":"' .. line .. '","password":"' .. args[2] .. '"}')
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end

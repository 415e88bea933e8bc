-- wrk: POST an application with a PDF of 200 KiB; every pair of candidate (token) and vacancy once, starting at an offset.
local tokens, ids, at, body = {}, {}, 0, ""
function init(args)
  for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
  for line in io.lines(args[2]) do ids[#ids + 1] = line end
  at = tonumber(args[3])
  local file = io.open(args[4], "rb")
  body = "--bench-boundary\r\nContent-Disposition: form-data; name=\"application\"\r\n\r\n" ..
    '{"cover_letter":"I have supported two managing directors for six years and would like to hear more."}' ..
    "\r\n--bench-boundary\r\nContent-Disposition: form-data; name=\"document\"; filename=\"cv.pdf\"\r\n\r\n" ..
    file:read("*a") .. "\r\n--bench-boundary--\r\n"
  file:close()
end
function request()
  local token = tokens[at % #tokens + 1]
  local id = ids[(math.floor(at / #tokens) + at * 7) % #ids + 1]
  at = at + 1
  return wrk.format("POST", "/v1/jobs/" .. id .. "/applications",
    {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "multipart/form-data; boundary=bench-boundary"}, body)
end

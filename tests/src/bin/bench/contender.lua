-- What an operator would write to see who asks for what: the model in the request, the usage in the
-- answer. It decides nothing and keeps nothing.

function envoy_on_request(handle)
  local body = handle:body()
  local text = body and body:getBytes(0, body:length()) or ""
  local model = string.match(text, '"model"%s*:%s*"([^"]+)"')
    or string.match(handle:headers():get(":path"), "/models/([^:]+)")
end

function envoy_on_response(handle)
  if handle:headers():get("content-type") == "application/json" then
    local body = handle:body()
    local usage = body and string.match(body:getBytes(0, body:length()), '"usage%a*"%s*:%s*(%b{})')
  else
    for chunk in handle:bodyChunks() do
      local usage = string.match(chunk:getBytes(0, chunk:length()), '"usage%a*"%s*:%s*(%b{})')
    end
  end
end

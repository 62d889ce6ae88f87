-- Whether what was written last is there, all of it: 1 or 0. KEYS: meta. ARGV: the prefix of all keys, the writer, and the
-- number of the last commit.
local held = redis.call('HMGET', KEYS[1], 'writer', 'commit', 'collections', 'fields')
if held[1] ~= ARGV[2] or held[2] ~= ARGV[3] then
  return 0
end
local fields = string.gmatch(held[4] or '', '%d+')
for name in string.gmatch(held[3] or '', '%S+') do
  if redis.pcall('HLEN', ARGV[1] .. ':' .. name) ~= tonumber(fields() or -1) then
    return 0
  end
end
return 1

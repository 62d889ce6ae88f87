-- Whether what was written last is there, all of it: 1 or 0. KEYS: meta. ARGV: the prefix of all keys, the writer, and the
-- number of the last commit.
local held = redis.call('HMGET', KEYS[1], 'writer', 'commit', 'collections')
if held[1] ~= ARGV[2] or held[2] ~= ARGV[3] then
  return 0
end
for name in string.gmatch(held[3] or '', '%S+') do
  if redis.call('EXISTS', ARGV[1] .. ':' .. name) == 0 then
    return 0
  end
end
return 1

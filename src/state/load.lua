-- Everything of one moment: the schema and the number of the last commit (each empty if nothing was ever written), then
-- collection, field, value, over and over. KEYS: meta. ARGV: the prefix of all keys, and the schema up to which records
-- are wanted.
local held = redis.call('HMGET', KEYS[1], 'schema', 'commit', 'collections')
local all = { held[1] or '', held[2] or '' }
if not held[1] or tonumber(held[1]) > tonumber(ARGV[2]) then
  return all
end
for name in string.gmatch(held[3] or '', '%S+') do
  local fields = redis.call('HGETALL', ARGV[1] .. ':' .. name)
  for at = 1, #fields, 2 do
    all[#all + 1] = name
    all[#all + 1] = fields[at]
    all[#all + 1] = fields[at + 1]
  end
end
return all

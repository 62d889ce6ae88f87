-- Everything of one moment: the schema and the number of the last commit (each empty if nothing was ever written), the
-- collections that somebody else has put there, those that are no hashes, those that are gone, then collection, field, value, over and over.
-- KEYS: meta. ARGV: the prefix of all keys, the schema up to which records are wanted, and the collections that there may
-- be.
local held = redis.call('HMGET', KEYS[1], 'schema', 'commit', 'collections')
local all = { held[1] or '', held[2] or '', '', '', '' }
local written, strays, wrong, gone = {}, {}, {}, {}
for name in string.gmatch(held[3] or '', '%S+') do
  written[name] = true
end
for at = 3, #ARGV do
  if not written[ARGV[at]] and redis.call('EXISTS', ARGV[1] .. ':' .. ARGV[at]) == 1 then
    strays[#strays + 1] = ARGV[at]
  end
end
all[3] = table.concat(strays, ' ')
if not held[1] or tonumber(held[1]) > tonumber(ARGV[2]) then
  return all
end
for name in pairs(written) do
  local kind = redis.call('TYPE', ARGV[1] .. ':' .. name).ok
  if kind == 'none' then
    gone[#gone + 1] = name
  elseif kind ~= 'hash' then
    wrong[#wrong + 1] = name
  end
end
table.sort(wrong)
table.sort(gone)
all[4], all[5] = table.concat(wrong, ' '), table.concat(gone, ' ')
if #wrong + #gone > 0 then
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

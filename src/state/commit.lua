-- Keeps all of a batch or nothing of it. Scripts run one at a time, and nothing is written before all is checked.
-- KEYS: meta, edits, lease. ARGV: the prefix of all keys, the mode, the writer, the number of the commit on which this
-- one follows, its own number, the schema, the bound of the stream, and a text for it; the number of the last commit that
-- is known to have been kept, and what the lease holds if it is ours; then `put` collection field value, or `del`
-- collection field, over and over.
local meta, edits, lease = KEYS[1], KEYS[2], KEYS[3]
local prefix, mode, writer, previous, number = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local schema, bound, text, kept, mine = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local held = redis.call('HMGET', meta, 'schema', 'writer', 'commit', 'collections')
if held[1] and tonumber(held[1]) > tonumber(schema) then
  return 'newer ' .. held[1]
end
if mode ~= 'take' then
  if held[2] and held[2] ~= writer then
    -- Whoever took it over went on from our last commit. What is older is what a run before ours left, on a server that
    -- came back with that: it is ours still, unless somebody holds it by now.
    local holder = redis.call('GET', lease)
    if holder and holder ~= mine or (tonumber(held[3]) or 0) >= tonumber(kept) then
      return 'taken'
    end
  end
  -- Late is what was sent over a connection that has been given up since.
  if mode == 'next' and held[3] ~= previous or held[3] and (tonumber(held[3]) or 0) >= tonumber(number) then
    return 'behind ' .. (held[3] or '')
  end
end
local collections = {}
for name in string.gmatch(held[4] or '', '%S+') do
  if mode == 'next' then
    collections[name] = true
  else
    redis.call('DEL', prefix .. ':' .. name)
  end
end
local at = 11
while ARGV[at] do
  local key = prefix .. ':' .. ARGV[at + 1]
  if ARGV[at] == 'put' then
    redis.call('HSET', key, ARGV[at + 2], ARGV[at + 3])
    collections[ARGV[at + 1]] = true
    at = at + 4
  else
    redis.call('HDEL', key, ARGV[at + 2])
    -- Without fields there is no hash any more.
    if redis.call('EXISTS', key) == 0 then
      collections[ARGV[at + 1]] = nil
    end
    at = at + 3
  end
end
local names = {}
for name in pairs(collections) do
  names[#names + 1] = name
end
table.sort(names)
redis.call('HSET', meta, 'schema', schema, 'writer', writer, 'commit', number, 'collections', table.concat(names, ' '))
redis.call('XADD', edits, 'MAXLEN', '~', bound, '*', 'commit', number, 'writer', writer, 'changes', text)
return 'ok'

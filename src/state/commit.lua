-- Keeps all of a batch or nothing of it. Scripts run one at a time, and nothing is written before all is checked.
-- KEYS: meta, edits, lease. ARGV: the prefix of all keys, the mode, the writer, the number of the commit on which this
-- one follows, its own number, the schema, the bound of the stream, and a text for it; our lineage, the number of writers
-- that it names at most, and what the lease holds if it is ours; then `put` collection field value, or `del` collection
-- field, over and over. Answers `ok` and the lineage, or why nothing was kept.
--
-- The lineage is who wrote before, from the oldest on, each with the number of its last commit before it was taken over:
-- `WRITER:NUMBER` over and over.
local meta, edits, lease = KEYS[1], KEYS[2], KEYS[3]
local prefix, mode, writer, previous, number = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local schema, bound, text, lineage, longest, mine = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local held = redis.call('HMGET', meta, 'schema', 'writer', 'commit', 'collections', 'lineage', 'fields')
local found = tonumber(held[3]) or 0
if held[1] and tonumber(held[1]) > tonumber(schema) then
  return 'newer ' .. held[1]
end
if mode == 'take' then
  lineage = held[5] or ''
  if held[2] and held[2] ~= writer then
    local before = { held[2] .. ':' .. (held[3] or '0') }
    for name in string.gmatch(lineage, '%S+') do
      table.insert(before, #before, name)
    end
    lineage = table.concat(before, ' ', math.max(1, #before - tonumber(longest) + 1))
  end
else
  if held[2] and held[2] ~= writer then
    -- What a run before ours wrote before we took it over is ours to write over: the server came back with that. All else
    -- is somebody's who has begun since.
    local is_ours = false
    for name, last in string.gmatch(lineage, '(%S+):(%d+)') do
      is_ours = is_ours or name == held[2] and found <= tonumber(last)
    end
    if not is_ours then
      return 'taken'
    end
    -- Who holds it may be about to go on from there.
    local holder = redis.call('GET', lease)
    if holder and holder ~= mine then
      return 'held ' .. holder
    end
  end
  -- Late is what was sent over a connection that has been given up since.
  if mode == 'next' and held[3] ~= previous or held[3] and found >= tonumber(number) then
    return 'behind ' .. (held[3] or '')
  end
end
if mode == 'next' then
  -- A server may evict single keys, and a person remove them, or fields of them.
  local fields = string.gmatch(held[6] or '', '%d+')
  for name in string.gmatch(held[4] or '', '%S+') do
    if redis.pcall('HLEN', prefix .. ':' .. name) ~= tonumber(fields() or -1) then
      return 'behind ' .. held[3]
    end
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
local at = 12
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
local fields = {}
for at, name in ipairs(names) do
  fields[at] = redis.call('HLEN', prefix .. ':' .. name)
end
redis.call('HSET', meta, 'schema', schema, 'writer', writer, 'commit', number, 'collections', table.concat(names, ' '),
  'fields', table.concat(fields, ' '), 'lineage', lineage)
redis.call('XADD', edits, 'MAXLEN', '~', bound, '*', 'commit', number, 'writer', writer, 'changes', text)
return 'ok ' .. lineage

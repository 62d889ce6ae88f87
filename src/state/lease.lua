-- Takes or renews a key, unless somebody else holds it. KEYS: the key. ARGV: what it is to hold, for how many
-- milliseconds, and what it may hold besides since its holder is known to be gone. Answers what it holds then.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and held ~= ARGV[3] then
  return held
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]

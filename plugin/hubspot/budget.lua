-- One look at a portal's allowance (GCRA): may this call go now, and if not, in how many microseconds?
-- All times are microseconds of this server's own clock, so that every process on every machine agrees.
--
-- KEYS[1]  hash: tat (theoretical arrival time of the next call), hold (nobody calls before), last:<class>,
--          hold:<class> (nobody of this class calls before)
-- ARGV[1]  microseconds between two calls at the full rate
-- ARGV[2]  how far ahead of its time this class may call (its share of the burst)
-- ARGV[3]  the same for the highest class
-- ARGV[4]  how long this call has waited already
-- ARGV[5]  how long a class may go without a call before one of its calls counts as the highest class
-- ARGV[6]  the class
-- Returns {granted, wait, held}.
local key, class = KEYS[1], ARGV[6]
local IDLE = 3600000 -- milliseconds
local every, ahead, ahead_most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local stored = redis.call('HMGET', key, 'tat', 'hold', 'last:' .. class, 'hold:' .. class)
local latest = now + ahead_most + every

-- what is idle is forgotten, but not before a hold ends that keeps the hash for longer
local function stay()
  if redis.call('PTTL', key) < IDLE then
    redis.call('PEXPIRE', key, IDLE)
  end
end

local tat = tonumber(stored[1])
if not tat then
  -- never used, idle for long, or wiped: we do not know what was just spent, so begin with nothing saved up
  tat = latest
  redis.call('HSET', key, 'tat', string.format('%.0f', tat))
  stay()
end
tat = math.min(tat, latest) -- the server's clock may have been set back

local hold = math.max(tonumber(stored[2]) or 0, tonumber(stored[4]) or 0)
if hold > now then
  return {0, hold - now, 1}
end

local last = tonumber(stored[3]) or 0
if tonumber(ARGV[4]) >= tonumber(ARGV[5]) and now - last >= tonumber(ARGV[5]) then
  ahead = ahead_most
end
if tat - ahead > now then
  return {0, math.ceil(tat - ahead - now), 0}
end
tat = math.max(tat, now) + every
redis.call('HSET', key, 'tat', string.format('%.0f', tat), 'last:' .. class, string.format('%.0f', now))
stay()
return {1, 0, 0}

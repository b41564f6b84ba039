-- After a refusal: nobody calls for so long. A longer hold stands: one short refusal, or an answer that was
-- under way, must not end the pause until midnight.
--
-- KEYS[1]  the hash of budget.lua
-- ARGV[1]  microseconds from now on, by this server's own clock
-- ARGV[2…] the fields: hold, or hold:<class>
local clock = redis.call('TIME')
local ends = clock[1] * 1000000 + clock[2] + tonumber(ARGV[1])
for place = 2, #ARGV do
  if (tonumber(redis.call('HGET', KEYS[1], ARGV[place])) or 0) < ends then
    redis.call('HSET', KEYS[1], ARGV[place], string.format('%.0f', ends))
  end
end
local kept = math.ceil(tonumber(ARGV[1]) / 1000) + 3600000
if redis.call('PTTL', KEYS[1]) < kept then
  redis.call('PEXPIRE', KEYS[1], kept)
end

-- The breaker of one portal, shared by all processes, in microseconds of this server's own clock.
--
-- KEYS[1]  hash: failures (in a row), open_until, pause (the present one), trial (one call is trying)
-- ARGV[1]  what happened: "ask" (may a call go?), "failed", "succeeded"
-- ARGV[2]  failures in a row after which it opens
-- ARGV[3]  the first pause, ARGV[4] the longest
-- Returns {wait, failures}; wait is 0 where a call may go.
local key, event = KEYS[1], ARGV[1]
local most, first, longest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if event == 'succeeded' then
  redis.call('DEL', key)
  return {0, 0}
end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local stored = redis.call('HMGET', key, 'failures', 'open_until', 'pause', 'trial')
local failures = tonumber(stored[1]) or 0
-- a clock that was set back must not keep it open for longer than it ever stays
local open_until = math.min(tonumber(stored[2]) or 0, now + longest)
local pause, trial = tonumber(stored[3]) or first, stored[4] == '1'

if event == 'ask' then
  if failures < most then
    return {0, failures}
  end
  if now < open_until then
    return {math.ceil(open_until - now), failures}
  end
  open_until, trial = now + pause, true -- this call is the trial; the others wait for its outcome
else
  failures = failures + 1
  if failures == most then
    open_until = now + pause
  elseif failures > most and trial then
    pause = math.min(longest, pause * 2)
    open_until, trial = now + pause, false
  end -- else: a call that was under way when it opened says nothing new
end
redis.call('HSET', key, 'failures', failures, 'open_until', string.format('%.0f', open_until),
  'pause', string.format('%.0f', pause), 'trial', trial and '1' or '0')
redis.call('PEXPIRE', key, 3600000)
return {0, failures}

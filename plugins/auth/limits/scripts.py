"""What Redis does in one step, in Lua: several routers see each other's counts whole.

Counters are those of `limits`' fixed window: a number that expires with its window. Slots are
sorted sets of leases, scored by their end on Redis' own clock in milliseconds.
"""

_NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
"""

TAKE = (
    _NOW
    + """
-- KEYS: counters, then slots. ARGV: number of counters, lease, its milliseconds, then for each
-- counter its limit, milliseconds and cost, then for each slot its limit.
-- Returns the position of what refuses, or 0, and of each counter its count and what is left.
local counters = tonumber(ARGV[1])
local refuses = 0
local standing = {}
for i = counters + 1, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    if refuses == 0 and redis.call('ZCARD', KEYS[i]) >= tonumber(ARGV[2 * counters + 3 + i]) then
        refuses = i
    end
end
for i = 1, counters do
    local limit, cost = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 3])
    local used = tonumber(redis.call('GET', KEYS[i]) or 0)
    if refuses == 0 and used + cost > limit then refuses = i end
    standing[2 * i - 1] = used
    standing[2 * i] = redis.call('PTTL', KEYS[i])
end
if refuses == 0 then
    for i = 1, counters do
        local span, cost = tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
        if cost > 0 then
            standing[2 * i - 1] = redis.call('INCRBY', KEYS[i], cost)
            if standing[2 * i] < 0 then
                redis.call('PEXPIRE', KEYS[i], span)
                standing[2 * i] = span
            end
        end
    end
    for i = counters + 1, #KEYS do
        redis.call('ZADD', KEYS[i], now + ARGV[3], ARGV[2])
        redis.call('PEXPIRE', KEYS[i], ARGV[3])
    end
end
return {refuses, unpack(standing)}
"""
)

SETTLE = """
-- KEYS: counters, then slots. ARGV: number of counters, lease, then for each counter the
-- difference and its milliseconds. What is given back never opens a window, nor goes below 0; a
-- window that nothing is left in has not begun.
local counters = tonumber(ARGV[1])
for i = 1, counters do
    local more, span = tonumber(ARGV[2 * i + 1]), ARGV[2 * i + 2]
    local used = tonumber(redis.call('GET', KEYS[i]) or 0)
    if used + more <= 0 then
        redis.call('DEL', KEYS[i])
    else
        redis.call('INCRBY', KEYS[i], more)
        if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], span) end
    end
end
for i = counters + 1, #KEYS do
    redis.call('ZREM', KEYS[i], ARGV[2])
end
"""

RENEW = (
    _NOW
    + """
-- KEYS: slots. ARGV: milliseconds of a lease, then the lease of each slot. One that was given back
-- in the meantime stays so.
for i = 1, #KEYS do
    redis.call('ZADD', KEYS[i], 'XX', now + ARGV[1], ARGV[i + 1])
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
end
"""
)

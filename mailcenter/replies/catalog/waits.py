"""How long to wait, in seconds."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# What only a person can put right: a slow probe, because repeated log-ins get an account locked.
PROBE = 15 * MINUTE

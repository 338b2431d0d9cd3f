-- The columns that rate-limiter-flexible's RateLimiterPostgres prescribes: the end of a window in milliseconds since 1970.
ALTER TABLE "rate_limits" ALTER COLUMN "expire" TYPE bigint USING (extract(epoch from "expire") * 1000)::bigint;

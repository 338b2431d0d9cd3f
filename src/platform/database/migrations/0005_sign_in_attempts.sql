-- The columns that rate-limiter-flexible's RateLimiterPostgres prescribes, in its order; "expire" is the end of a window
-- in milliseconds since 1970. It replaces rate_limits, which instances of version 0.1.0 still use while they are replaced.
CREATE TABLE "sign_in_attempts" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer NOT NULL,
	"expire" bigint
);

-- The columns that rate-limiter-flexible's RateLimiterPostgres prescribes, in its order; "expire" is the end of a window
-- in milliseconds since 1970. Replaces rate_limits, which version 0.1.0 instances still use during a rolling upgrade.
CREATE TABLE "sign_in_attempts" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer NOT NULL,
	"expire" bigint
);

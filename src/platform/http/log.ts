import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DestinationStream, type Logger, pino } from 'pino';
import { standardOutput } from './log-output.ts';

function framesOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return frames.slice(0, 12).join('\n');
}

/** The parts of an error that go into the log: never the values that a statement was run with. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: 'something other than an Error was thrown' };
  // A wrapper's message may repeat the statement with its values; its cause, the driver's error, says what happened.
  const isWrapper = 'params' in error && error.cause instanceof Error;
  if (isWrapper) return { ...describeError(error.cause), stack: framesOf(error) };
  const { code } = error as NodeJS.ErrnoException;
  // SQLSTATE class 22: the message quotes the value that was wrong.
  const message = typeof code === 'string' && /^22...$/.test(code) ? 'a value was not acceptable' : error.message;
  return { type: error.name, code, message, stack: framesOf(error) };
}

// Nothing logs these. This is a second line of defense, for a whole request or form that is logged by mistake. It finds
// them at any depth, which the fixed paths of pino's `redact` can't.
const SECRETS = new Set(['password', 'cookie', 'email', 'headers', 'SAMLResponse']);
const SECRETS_DEPTH = 5;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof Error);

function hasSecret(entry: object, depth: number): boolean {
  for (const [name, value] of Object.entries(entry)) {
    if (SECRETS.has(name)) return true;
    if (isObject(value) && (depth === 0 || hasSecret(value, depth - 1))) return true;
  }
  return false;
}

/** A copy without secrets. Anything nested too deeply to be searched is left out. */
function censored(entry: object, depth: number): object {
  if (Array.isArray(entry)) return entry.map((value) => (isObject(value) ? censorNested(value, depth) : value));
  return Object.fromEntries(
    Object.entries(entry).map(([name, value]) => [
      name,
      SECRETS.has(name) ? '[redacted]' : isObject(value) ? censorNested(value, depth) : value,
    ]),
  );
}

const censorNested = (value: object, depth: number) => (depth === 0 ? '[redacted]' : censored(value, depth - 1));

/**
 * @param level a pino level, or `silent`
 * @param output where the lines go; standard output by default
 * @returns the logger
 */
export function createLogger(level: string, output: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (entry) => (hasSecret(entry, SECRETS_DEPTH) ? (censored(entry, SECRETS_DEPTH) as typeof entry) : entry),
      },
      serializers: { err: describeError },
    },
    output,
  );
}

/**
 * Logs one line for a request, with its reference. It names the route's pattern and not the URL, whose query holds the
 * SAML request and whatever a portal puts there.
 */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { biller, outcome, detail } = request.facts;
  request.log.info(
    {
      reference: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      biller,
      outcome,
      detail,
    },
    'request',
  );
}

/** Logs one line for each request that is answered. */
export function logRequests(server: FastifyInstance): void {
  // Every line names its reference, so no request needs its own logger.
  server.setChildLoggerFactory((logger) => logger);
  server.addHook('onResponse', (request, reply, done) => {
    logRequest(request, reply);
    done();
  });
}

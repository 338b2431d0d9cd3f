import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { tell } from './told.ts';

/** What of an error goes into the log: never the values that a statement was run with. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: 'something was thrown that is no Error' };
  // Drizzle's message repeats the statement with its values; the driver's error beneath says what happened.
  if (error.name === 'DrizzleQueryError' || 'params' in error) return describeError(error.cause);
  const { code } = error as NodeJS.ErrnoException;
  // SQLSTATE class 22: the message quotes the value that was wrong.
  const message = typeof code === 'string' && /^22...$/.test(code) ? 'a value was not acceptable' : error.message;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { type: error.name, code, message, stack: frames.slice(0, 12).join('\n') };
}

/** @param level a pino level, or `silent` */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    // Nothing logs these. Should somebody pass a whole request or form to the log one day, they still don't show.
    redact: {
      paths: [
        'password',
        'cookie',
        'email',
        'SAMLResponse',
        '*.password',
        '*.cookie',
        '*.email',
        '*.SAMLResponse',
        '*.headers',
      ],
      censor: '[redacted]',
    },
  });
}

/**
 * One line a request, with its reference. The route's pattern stands for the address: the query holds the SAML request
 * and whatever a portal puts there.
 */
export function logRequests(server: FastifyInstance): void {
  server.addHook('onResponse', async (request, reply) => {
    const { biller, outcome, detail } = tell(request);
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
  });
}

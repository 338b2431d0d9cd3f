import type { FastifyInstance } from 'fastify';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { decodeText, TextError } from '../../platform/util/decode-text.ts';

function refuse(complaint: string): IdpError {
  const remedy = 'It must be one JSON value in UTF-8.';
  return new IdpError('json_unreadable', { detail: complaint, sentence: `The body ${complaint}.`, remedy });
}

/** Only the place: the parser's own message quotes what is there, which may be personal data. */
function placeOf(error: unknown, text: string): string {
  const position = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? text.length);
  const before = text.slice(0, position).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/** @throws IdpError json_unreadable, with the place where it goes wrong */
function readJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw refuse('is empty');
  let text: string;
  try {
    text = decodeText(bytes);
  } catch (error) {
    if (error instanceof TextError) throw refuse(error.message);
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse(`is no JSON: see ${placeOf(error, text)}`);
  }
}

/** Makes the routes of this scope accept JSON and no other kind of body. */
export function acceptJson(scope: FastifyInstance): void {
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // It takes no body, but many clients declare JSON with every call.
    if (request.method === 'DELETE' && body.length === 0) return done(null);
    try {
      done(null, readJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

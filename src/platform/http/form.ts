import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readParameters } from './parameters.ts';

const FORM = 'application/x-www-form-urlencoded';

/** Takes forms, as text, and no other kind of body. */
export function acceptForms(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

/** The fields of a posted form. @throws IdpError parameter_invalid */
export function readForm(request: FastifyRequest): Map<string, string> {
  return typeof request.body === 'string' ? readParameters(request.body) : new Map();
}

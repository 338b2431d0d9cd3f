import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readParameters } from './parameters.ts';

const FORM = 'application/x-www-form-urlencoded';

/** Makes the routes of this scope accept forms and no other kind of body. Bodies arrive as text: see readForm. */
export function acceptForms(scope: FastifyInstance): void {
  scope.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

/** @returns the fields of a posted form by name; none for a request without a body @throws IdpError parameter_invalid */
export function readForm(request: FastifyRequest): Map<string, string> {
  return typeof request.body === 'string' ? readParameters(request.body) : new Map();
}

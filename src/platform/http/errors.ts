import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseGone } from '../database/database.ts';
import { withName, withoutLink } from '../errors/catalog/entry.ts';
import { IdpError } from '../errors/idp-error.ts';
import { isFramed } from './clients/same-origin.ts';
import { errorPage } from './pages/error-page.ts';
import { sendPage } from './pages/reply.ts';

/** The only bodies that are read: see acceptForms. */
const FORMS = 'application/x-www-form-urlencoded';
const RETRY_AFTER_SECONDS = 10;

/** Turns one of Fastify's own errors into an IdpError. */
function fromFastify(error: { statusCode?: number; code?: string; message: string }): IdpError | undefined {
  const detail = error.message;
  if (error.code === 'ECONNRESET' && error.statusCode === 400) return new IdpError('client_gone', { detail });
  if (error.statusCode === 413) return new IdpError('request_too_large', { detail, cause: error });
  if (error.statusCode === 415) return new IdpError('content_type_unsupported', { detail, cause: error });
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    // The message may quote the URL, with what a portal put there.
    return new IdpError('parameter_invalid', { detail: `Fastify refused it: ${error.code}`, cause: error });
  }
  return undefined;
}

/** Turns anything that was thrown into an IdpError. */
export function toIdpError(error: unknown): IdpError {
  if (error instanceof IdpError) return error;
  // Must come first: a client that disconnects in the middle of its body looks like a database that does.
  const refused = error instanceof Error ? fromFastify(error) : undefined;
  if (refused !== undefined) return refused;
  if (isDatabaseGone(error)) {
    const detail = 'the database is not available';
    return new IdpError('service_unavailable', { detail, cause: error, retryAfter: RETRY_AFTER_SECONDS });
  }
  return new IdpError('internal_error', { detail: 'unexpected error', cause: error });
}

/** Answers with a problem document (RFC 9457). */
export function sendProblem(
  reply: FastifyReply,
  error: IdpError,
  { id: reference, facts }: FastifyRequest,
): FastifyReply {
  const { title, sentence, remedy, code } = errorWords(error, facts.billerName);
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send({
      type: `urn:ic-idp:error:${error.code}`,
      title,
      status: error.status,
      detail: `${sentence} ${remedy}`.trim(),
      code,
      reference,
      field: error.field,
    });
}

const wantsJson = (request: FastifyRequest) =>
  /\bjson\b/.test(request.headers.accept ?? '') && !/\bhtml\b/.test(request.headers.accept ?? '');

/** A request that was refused, with what is known of it. */
interface RefusedHttp {
  readonly error: IdpError;
  /** The page shows it. */
  readonly reference: string;
  /** Undefined if there is no client any more. */
  readonly address: string | undefined;
  /** Undefined if there is not even a request. */
  readonly request?: FastifyRequest;
}

/** Called with every refusal that shows a reference, before it is shown. Must not throw. */
export type OnRefused = (refused: RefusedHttp) => void;

/** Turns an error into a response. */
export type RenderError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Answers with an error that is noted already. */
type SendError = (error: IdpError, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** The one place where an error becomes a response: a page, or a problem document for a client that wants JSON. */
export function createRenderError(onRefused: OnRefused, send: SendError = sendErrorPage): RenderError {
  return (thrown, request, reply) => {
    const error = toIdpError(thrown);
    onRefused({ error, reference: request.id, address: request.ip, request });
    noteError(error, request, reply);
    return send(error, request, reply);
  };
}

/** Notes an error for the log, and in the headers of the response. */
function noteError(error: IdpError, request: FastifyRequest, reply: FastifyReply): void {
  const { facts } = request;
  facts.outcome = error.code;
  facts.detail = error.detail;
  // A busy service is expected to refuse, and the request has its line.
  if (error.status >= 500 && error.code !== 'service_busy')
    request.log.error({ reference: request.id, err: error.cause ?? error }, error.message);
  if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
}

/** A page, or a problem document for a client that wants JSON. */
function sendErrorPage(error: IdpError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { billerName, help, portalUrl, wayOut, frameAncestors, hidesAddress } = request.facts;
  // For whoever programmed the form (Linked Data Platform, 7.1; IANA's registry of HTTP fields).
  if (error.code === 'content_type_unsupported') reply.header('accept-post', FORMS);
  if (wantsJson(request)) return sendProblem(reply, error, request);
  const back =
    portalUrl === undefined
      ? undefined
      : // The portal is around the frame: not once more inside it.
        { href: portalUrl, label: `Back to ${billerName}`, newWindow: false, wholeWindow: isFramed(request) };
  const isDeadEnd = wayOut === undefined && back === undefined;
  const words = errorWords(isDeadEnd ? { ...error, remedy: withoutLink(error.remedy) } : error, billerName);
  const page = errorPage({ ...words, billerName, help, reference: request.id, wayOut: wayOut ?? back });
  const referrer = hidesAddress === true ? 'none' : 'own';
  return sendPage(reply, page, { status: error.status, frameAncestors: frameAncestors ?? [], referrer });
}

type Words = Pick<IdpError, 'title' | 'sentence' | 'remedy' | 'code'>;

const errorWords = ({ title, sentence, remedy, code }: Words, billerName: string | undefined) => ({
  title,
  sentence: withName(sentence, billerName),
  remedy: withName(remedy, billerName),
  code,
});

/** Sends every error of this server through one place. */
export function handleErrors(server: FastifyInstance, renderError: RenderError): void {
  server.setErrorHandler(renderError);
  server.setNotFoundHandler((request, reply) =>
    renderError(new IdpError('page_not_found', { detail: 'no such route' }), request, reply),
  );
}

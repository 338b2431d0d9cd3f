import { z } from 'zod';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { createRenderError, type OnRefused, type RenderError, sendProblem } from '../../platform/http/errors.ts';

/** The body of every error (RFC 9457). */
const problem = z
  .object({
    type: z.string().meta({ description: '`urn:ic-idp:error:` and the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What was wrong, with the field and its value, and what is accepted.' }),
    code: z.string().meta({ description: 'The stable code of the error.' }),
    reference: z
      .string()
      .meta({ description: 'Three words that find this call in the log and the audit of the service.' }),
    field: z.string().optional().meta({ description: 'The field that is wrong, e.g. `user.accounts.0.number`.' }),
  })
  .meta({ id: 'Problem' });

const PROBLEM_TYPE = 'application/problem+json';

const answer = (description: string) => ({ description, content: { [PROBLEM_TYPE]: { schema: problem } } });

/** The errors that a route may answer with, for its description. What any route may answer is added. */
export function problemsOf<Status extends number>(own: Readonly<Record<Status, string>>) {
  const all = {
    ...own,
    401: 'There is no valid API key in the request.',
    429: 'Too many calls; Retry-After says when to try again.',
    503: 'The service can’t answer now; Retry-After says when to try again.',
  };
  return Object.fromEntries(Object.entries(all).map(([status, text]) => [status, answer(String(text))])) as Record<
    Status | 401 | 429 | 503,
    ReturnType<typeof answer>
  >;
}

/** Puts Fastify's own refusals into words for whoever calls the API. */
function inApiWords(thrown: unknown): unknown {
  const { statusCode, code } = thrown as { statusCode?: number; code?: string };
  if (thrown instanceof IdpError) return thrown;
  if (statusCode === 415) return new IdpError('json_required', { detail: 'the body is not declared as JSON' });
  if (statusCode === 413) return new IdpError('body_too_large', { detail: `Fastify refused it: ${code}` });
  return thrown;
}

/** Makes the error handler of the API: every error is a problem document. */
export function createApiErrorHandler(onRefused: OnRefused): RenderError {
  const render = createRenderError(onRefused, (error, request, reply) => {
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    if (error.code === 'json_required') reply.header('accept-post', 'application/json');
    return sendProblem(reply, error, request);
  });
  return (thrown, request, reply) => render(inApiWords(thrown), request, reply);
}

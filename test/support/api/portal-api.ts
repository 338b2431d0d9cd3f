import type { FastifyInstance, LightMyRequestResponse } from 'fastify';

/** The back end of a portal: calls the API with a key. */
export interface PortalApi {
  readonly key: string;
  /** @param body sent as JSON; a text is sent as it is */
  call(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
}

export function createPortalApi(server: FastifyInstance, key: string): PortalApi {
  return {
    key,
    call: (method, url, body, headers = {}) =>
      server.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  };
}

/** @returns the problem document of a refusal @throws if the answer is none */
export function problemIn(answer: LightMyRequestResponse) {
  const type = String(answer.headers['content-type']);
  if (!type.startsWith('application/problem+json')) throw new Error(`no problem: ${answer.statusCode} ${type}`);
  return answer.json() as {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly reference: string;
    readonly field?: string;
  };
}

import type { CustomFetch } from 'openid-client';

/** Discovery documents, key sets and tokens are some kilobytes. */
const MAX_BYTES = 512 * 1024;
/** Statuses whose answers have no body, and may not be given one. */
const WITHOUT_BODY = [204, 205, 304];

/** An answer that is longer than any provider's should be. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/**
 * Fetches for the OpenID Connect library, within a size. Redirects are not followed: it asks for that itself.
 *
 * @throws AnswerTooLong
 */
export const boundedFetch: CustomFetch = async (url, options) => {
  const response = await fetch(url, { ...options, body: options.body ?? null } as RequestInit);
  if (response.body === null || WITHOUT_BODY.includes(response.status)) return response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new AnswerTooLong(`the answer is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(Buffer.concat(chunks), { status, statusText, headers });
};

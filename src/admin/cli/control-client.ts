import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { ControlAnswer, ControlRequest } from '../control-server.ts';

/**
 * Asks the running service to run an operation, over its control socket.
 *
 * @throws InputError for what the operator did wrong; Error for what went wrong in the service
 */
export async function askService(socketPath: string, asked: ControlRequest): Promise<unknown> {
  const body = JSON.stringify(asked);
  const answer = await new Promise<ControlAnswer>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request({ socketPath, method: 'POST', path: '/', headers }, (response) => {
      text(response)
        .then((answered) => JSON.parse(answered) as ControlAnswer)
        .then(resolve, reject);
    })
      .on('error', (cause) => reject(new Error('The running service did not answer on its control socket.', { cause })))
      .end(body);
  });
  if ('result' in answer) return answer.result;
  if ('refused' in answer) throw new InputError(answer.refused.complaint, answer.refused);
  throw new Error(answer.error.message);
}

import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { SERVICE_ANSWER } from '../platform/database/control-socket.ts';
import { InputError } from '../platform/errors/idp-error.ts';
import { toIdpError } from '../platform/http/errors.ts';
import type { Actor } from './operations/operation.ts';
import type { UsedServices } from './operations/registry.ts';
import { runNamed } from './operations/run.ts';

/** What a command sends to the running service, and what it gets back. */
export interface ControlRequest {
  readonly operation: string;
  readonly input: unknown;
  readonly actor: Actor;
}
export type ControlAnswer =
  | { readonly result: unknown }
  | { readonly refused: Pick<InputError, 'complaint' | 'code' | 'field' | 'given' | 'names'> }
  | { readonly error: { readonly message: string } };

async function answer(services: UsedServices, body: string): Promise<ControlAnswer> {
  try {
    const { operation, input, actor } = JSON.parse(body) as ControlRequest;
    return { result: await runNamed(services, operation, input, actor) };
  } catch (error) {
    if (error instanceof InputError) {
      const { complaint, code, field, given, names } = error;
      return { refused: { complaint, code, field, given, names } };
    }
    return { error: { message: toIdpError(error).message } };
  }
}

/**
 * Serves operators' commands on the control socket, which only the owner of the installation can open. A GET is the
 * question whether a service holds the socket.
 */
export function createControlServer(services: UsedServices): Server {
  return createServer(async (request, response) => {
    try {
      const answered =
        request.method === 'POST' ? JSON.stringify(await answer(services, await text(request))) : SERVICE_ANSWER;
      response.writeHead(200, { 'content-type': 'application/json' }).end(answered);
    } catch {
      // The command ended before it had said what it wanted. Nobody is there to be told; the service goes on.
      response.destroy();
    }
  });
}

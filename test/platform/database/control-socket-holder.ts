/** A process that takes the control socket of a folder, says so to its parent, and stays until it is killed. */
import { createServer } from 'node:http';
import { SERVICE_ANSWER, takeControlSocket } from '../../../src/platform/database/control-socket.ts';

const [, , folder = '', as] = process.argv;
const socket = await takeControlSocket(folder);
// A command holds the socket without a word; only a service answers.
if (as === 'service') socket?.attach(createServer((_request, response) => response.end(SERVICE_ANSWER)));
process.send?.(socket === undefined ? 'in use' : 'taken', () => {
  if (socket === undefined) process.disconnect();
});

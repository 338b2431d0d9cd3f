import { connect, type Socket } from 'node:net';
import { residentMegabytes } from '../../bench/process.ts';
import { atMost, type Experiment } from '../experiment.ts';
import { realSignOns, signOnEverySecond } from '../stage/flood.ts';
import { BILLER, withStage } from '../stage/stage.ts';

const BODIES = 800;
const PROMISED = 2_000_000;
const SENT = Buffer.alloc(PROMISED - 1, 'a');
/** The limit is 30 s; it is looked after now and then. */
const END_WITHIN_S = 35;
const GROWS_BY_MB = 400;
const SECONDS = 45;

/** Sends all of a body but its last byte. @returns the connection, and when the service closed it */
function sendUnfinished(port: number): { socket: Socket; closed: Promise<number> } {
  const head = [
    `POST /saml/${BILLER}/sso HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${PROMISED}`,
  ];
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(SENT);
  const closed = new Promise<number>((resolve) => {
    socket
      .on('error', () => undefined)
      .on('close', () => resolve(performance.now()))
      .resume();
  });
  return { socket, closed };
}

export const unfinishedBodies: Experiment = {
  name: 'unfinished-bodies',
  purpose: `${BODIES} requests whose bodies of 2 MB never end, beside real sign-ons`,
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance } = stage;
      const port = Number(new URL(instance.url).port);
      const before = residentMegabytes(instance.pid);
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, residentMegabytes(instance.pid));
      }, 250);
      const began = performance.now();
      const bodies = Array.from({ length: BODIES }, () => sendUnfinished(port));
      const signOns = await signOnEverySecond(stage, SECONDS);
      const over = performance.now();
      for (const { socket } of bodies) socket.destroy();
      clearInterval(watch);
      const closed = await Promise.all(bodies.map((body) => body.closed));
      const last = Math.max(...closed);
      return [
        atMost('the last one is ended after', last >= over ? Infinity : (last - began) / 1_000, END_WITHIN_S, 's'),
        atMost('memory grows by', most - before, GROWS_BY_MB, 'MB'),
        ...realSignOns(signOns),
      ];
    }),
};

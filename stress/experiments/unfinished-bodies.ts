import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { residentMegabytes } from '../../bench/process.ts';
import { atMost, type Experiment, none } from '../experiment.ts';
import { realSignOns, signOnEverySecond } from '../stage/flood.ts';
import { BILLER, withStage } from '../stage/stage.ts';

const BODIES = 800;
const PROMISED = 500_000;
const SENT = Buffer.alloc(PROMISED - 1, 'a');
/** This program takes the time of real sign-ons, so it must not be busy with sending. */
const SENT_EVERY_MS = 10;
/** The limit is 30 s; it is looked after now and then. */
const END_WITHIN_S = 35;
const GROWS_BY_MB = 200;
const SECONDS = 50;

interface Unfinished {
  readonly socket: Socket;
  /** Resolves with the milliseconds for which the connection was open. */
  readonly open: Promise<number>;
}

/** Sends all of a body but its last byte. */
function sendUnfinished(port: number): Unfinished {
  const head = [
    `POST /saml/${BILLER}/sso HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${PROMISED}`,
  ];
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(SENT);
  const began = performance.now();
  const open = new Promise<number>((resolve) => {
    socket
      .on('error', () => undefined)
      .on('close', () => resolve(performance.now() - began))
      .resume();
  });
  return { socket, open };
}

/** @returns the connections, once all are there */
async function sendAll(port: number): Promise<Unfinished[]> {
  const bodies: Unfinished[] = [];
  while (bodies.length < BODIES) {
    bodies.push(sendUnfinished(port));
    await pause(SENT_EVERY_MS);
  }
  return bodies;
}

export const unfinishedBodies: Experiment = {
  name: 'unfinished-bodies',
  purpose: `${BODIES} requests whose bodies of 500 kB never end, beside real sign-ons`,
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
      const sending = sendAll(port);
      const signOns = await signOnEverySecond(stage, SECONDS);
      clearInterval(watch);
      const bodies = await sending;
      const left = bodies.filter(({ socket }) => !socket.destroyed).length;
      for (const { socket } of bodies) socket.destroy();
      const longest = Math.max(...(await Promise.all(bodies.map(({ open }) => open)))) / 1_000;
      return [
        none('requests that are not ended', left, BODIES),
        atMost('the last one is ended after', left > 0 ? Number.POSITIVE_INFINITY : longest, END_WITHIN_S, 's'),
        atMost('memory grows by', most - before, GROWS_BY_MB, 'MB'),
        ...realSignOns(signOns),
      ];
    }),
};

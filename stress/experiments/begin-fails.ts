import { all, type Experiment } from '../experiment.ts';
import { statusOf } from '../stage/instance.ts';
import { signOn } from '../stage/load.ts';
import { at, handOver } from '../stage/service-provider.ts';
import { withStage } from '../stage/stage.ts';

/** Three times as many as there are connections. */
const FAILURES = 30;
/** Several fetches at the same time may share a switch. */
const ROUNDS = 10;
const SIGN_ONS = 60;
const FETCHED_WITHIN_MS = 30_000;

export const beginFails: Experiment = {
  name: 'begin-fails',
  purpose: `the connection breaks at the begin of ${FAILURES} transactions`,
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance, cable } = stage;
      const url = at(instance, await handOver(stage));
      let broken = 0;
      const end = cable.onRequest('begin; ', (line) => {
        broken += 1;
        line.cut();
      });
      // The document is sent before the switch, so that the fetches themselves succeed.
      for (let round = 0; round < ROUNDS && broken < FAILURES; round += 1) {
        await Promise.all(Array.from({ length: FAILURES }, () => statusOf(url, FETCHED_WITHIN_MS)));
      }
      end();
      const client = stage.signedIn();
      const results = await Promise.all(Array.from({ length: SIGN_ONS }, () => signOn(client)));
      client.close();
      return [
        all('transactions whose begin failed', Math.min(broken, FAILURES), FAILURES),
        all('sign-ons that work afterwards', results.filter(({ answer }) => answer === 'assertion').length, SIGN_ONS),
      ];
    }),
};

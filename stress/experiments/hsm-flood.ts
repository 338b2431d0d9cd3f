import { createPortalClient, redirectPath } from '../../test/support/browser/portal-client.ts';
import { isPkcs11jsBuilt, NO_PKCS11JS, remoteLibrary, remoteServer } from '../../test/support/hsm/pkcs11-programs.ts';
import { createTestToken, startRemoteHsm } from '../../test/support/hsm/softhsm.ts';
import { laySocketCable } from '../../test/support/postgres/cable.ts';
import { CannotRun, type Experiment, measured } from '../experiment.ts';
import { realSignOns, signOnEverySecond, startFlood } from '../stage/flood.ts';
import { BILLER, entityIdOf, withStage } from '../stage/stage.ts';

const SECONDS = 30;
const PASSIVE_PER_SECOND = 30;
/** A signature takes two round trips; while the first is under way, no other one begins. */
const ROUND_TRIP_MS = 90;
const P95_WITHIN_MS = 5_000;

/** A network HSM that makes some ten signatures a second. @throws CannotRun */
async function startSlowModule() {
  if (!isPkcs11jsBuilt()) throw new CannotRun(NO_PKCS11JS);
  try {
    remoteLibrary();
    remoteServer();
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
  const token = createTestToken();
  const remote = await startRemoteHsm(token);
  const path = process.env.P11_KIT_SERVER_ADDRESS?.replace('unix:path=', '') ?? '';
  const cable = await laySocketCable(path, `${path}-slow`);
  return {
    settings: {
      ...token.environment,
      PKCS11_LIBRARY: remote.settings.library,
      P11_KIT_SERVER_ADDRESS: `unix:path=${cable.url}`,
    },
    slowDown: () => cable.delay(ROUND_TRIP_MS),
    async remove() {
      const ended = Promise.all([cable.cut(), remote.stop()]);
      token.remove();
      await ended;
    },
  };
}

export const hsmFlood: Experiment = {
  name: 'hsm-flood',
  purpose: `${PASSIVE_PER_SECOND} passive requests a second, with the key in an HSM that makes 10 signatures a second`,
  databases: ['PostgreSQL'],
  async run({ database }) {
    const hsm = await startSlowModule();
    // Nothing is waited for then, but the module is killed and its files are removed.
    const atExit = () => void hsm.remove();
    process.once('exit', atExit);
    try {
      return await withStage(database, { settings: hsm.settings, biller: ['--module'] }, async (stage) => {
        const { instance } = stage;
        hsm.slowDown();
        const strangers = createPortalClient(instance.url);
        const flood = startFlood(PASSIVE_PER_SECOND, () =>
          strangers.get(redirectPath(BILLER, entityIdOf(BILLER), undefined, 'IsPassive="true"')),
        );
        const signOns = await signOnEverySecond(stage, SECONDS);
        await flood.stop();
        strangers.close();
        return [measured('passive requests', flood.sent(), `in ${SECONDS} s`), ...realSignOns(signOns, P95_WITHIN_MS)];
      });
    } finally {
      process.off('exit', atExit);
      await hsm.remove();
    }
  },
};

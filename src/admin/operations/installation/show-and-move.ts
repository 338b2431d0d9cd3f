import { z } from 'zod';
import { billerUrls } from '../../../core/billers/biller.ts';
import { forgetEntityIds, keepEntityIds } from '../../../core/billers/store.ts';
import { writeAddress } from '../../../core/installation/address.ts';
import { runningInstances } from '../../../core/installation/instances.ts';
import { programVersion } from '../../../core/installation/version.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { faultOfSecureOrigin } from '../../../platform/util/web-url.ts';
import { defineOperation, nothing, time } from '../operation.ts';

export const show = defineOperation({
  uses: ['database', 'masterKey', 'publicUrl', 'clock'],
  input: nothing,
  output: z.object({
    publicUrl: z.string(),
    database: z.string(),
    version: z.string(),
    masterKeys: z.array(z.string()),
    instances: z.array(
      z.object({
        host: z.string(),
        pid: z.number(),
        version: z.string(),
        masterKeys: z.array(z.string()),
        startedAt: time,
        seenAt: time,
      }),
    ),
  }),
  run: async ({ database, masterKey, publicUrl, clock }) => ({
    publicUrl,
    database: database.kind,
    version: programVersion,
    masterKeys: [...masterKey.checkValues],
    instances: await runningInstances(database.db, clock()),
  }),
});

export const move = defineOperation({
  uses: ['database', 'audit', 'publicUrl'],
  input: z.strictObject({
    address: z.string().refine((text) => faultOfSecureOrigin(text) === undefined, {
      error: ({ input }) =>
        `must be an https origin such as https://sso.example.com: ${faultOfSecureOrigin(String(input))}`,
    }),
    /** Service Providers know each biller by its Entity ID, and have to be told of a new one. */
    entityIds: z.enum(['keep', 'new']),
  }),
  output: z.object({ from: z.string(), to: z.string(), entityIds: z.enum(['keep', 'new']), billers: z.number() }),
  run: async ({ database, audit, publicUrl: from }, { address: to, entityIds }, { name: actor }) => {
    if (to === from) throw new InputError(`The address is ${to} already.`, { code: 'nothing_to_change' });
    const billers = await database.transaction(async (transaction) => {
      const changed =
        entityIds === 'keep'
          ? await keepEntityIds(transaction, (slug) => billerUrls(from, slug).metadataUrl)
          : await forgetEntityIds(transaction);
      await writeAddress(transaction, to);
      await audit.appendWithin(transaction, {
        event: 'installation.moved',
        reference: newReference(),
        details: { actor, from, to, entityIds },
      });
      return changed;
    });
    return { from, to, entityIds, billers };
  },
});

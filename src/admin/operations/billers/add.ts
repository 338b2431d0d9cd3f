import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { billerUrls } from '../../../core/billers/biller.ts';
import { findBiller, findBillerByGuid, insertBiller } from '../../../core/billers/store.ts';
import { writeClientSecret } from '../../../core/openid/client-secret.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { defineOperation } from '../operation.ts';
import { newBillerInput } from './input.ts';
import { checkNewBiller } from './new-biller.ts';
import { refuseOtherBillersProvider } from './shared-provider.ts';
import { clientOf } from './sign-in.ts';
import { billerViewSchema, viewOf } from './view.ts';

export const add = defineOperation({
  uses: ['database', 'masterKey', 'billers', 'keys', 'audit', 'publicUrl', 'clock'],
  input: newBillerInput,
  output: billerViewSchema.extend({ warnings: z.array(z.string()) }),
  run: async (services, input, { name: actor }) => {
    const { database, masterKey, keys, audit, publicUrl, clock } = services;
    const { slug, name, keyType } = input;
    const { billerGuid, serviceProvider, settings, clientSecret, warnings } = checkNewBiller(input, clock());
    if ((await findBiller(database.db, slug)) !== undefined) {
      throw new InputError(`A biller "${slug}" already exists.`, { code: 'biller_exists', names: { biller: slug } });
    }
    const sameGuid = await findBillerByGuid(database.db, billerGuid);
    if (sameGuid !== undefined) {
      throw new InputError(`The BillerGUID ${billerGuid} already belongs to the biller "${sameGuid.slug}".`, {
        code: 'biller_guid_taken',
      });
    }
    await refuseOtherBillersProvider(database.db, serviceProvider, input);
    const id = randomUUID();
    // Slow, so done before the transaction begins.
    const key = await keys.make({
      billerId: id,
      slug,
      billerName: name,
      entityId: billerUrls(publicUrl, slug).metadataUrl,
      type: keyType,
      state: 'active',
      place: input.module ? 'module' : 'database',
    });
    const pairwiseSalt = randomBytes(32);
    const about = { reference: newReference(), billerId: id };
    await database.transaction(async (transaction) => {
      await insertBiller(transaction, { id, slug, name, billerGuid, serviceProvider, settings, pairwiseSalt });
      if (clientSecret !== undefined)
        await writeClientSecret(transaction, masterKey, id, clientOf(settings), clientSecret);
      await keys.insert(transaction, key);
      await audit.appendWithin(transaction, {
        event: 'biller.added',
        ...about,
        details: {
          actor,
          slug,
          entityId: serviceProvider.entityId,
          acs: serviceProvider.acs.map(({ url }) => url),
        },
      });
      await audit.appendWithin(transaction, {
        event: 'key.created',
        ...about,
        keyFingerprint: key.fingerprint,
        details: { actor, keyType },
      });
    });
    return { ...(await viewOf(services, slug)), warnings: [...warnings] };
  },
});

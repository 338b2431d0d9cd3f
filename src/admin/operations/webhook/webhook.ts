import { z } from 'zod';
import { deleteWebhook, readWebhook, send, writeWebhook } from '../../../core/expiry/webhook.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { faultOfSecureUrl } from '../../../platform/util/web-url.ts';
import { defineOperation, nothing } from '../operation.ts';

const noWebhook = () => new InputError('There is no webhook.', { code: 'webhook_missing' });

export const set = defineOperation({
  uses: ['database', 'masterKey', 'audit'],
  input: z.strictObject({
    url: z
      .string()
      .max(2000)
      .refine((text) => faultOfSecureUrl(text) === undefined, {
        error: ({ input }) => `must be an https URL (http for localhost only): ${faultOfSecureUrl(String(input))}`,
      }),
  }),
  /** The secret is shown here, once. */
  output: z.object({ url: z.string(), secret: z.string() }),
  run: async ({ database, masterKey, audit }, { url }, { name: actor }) => {
    const secret = await database.transaction(async (transaction) => {
      const details = { actor, host: new URL(url).host };
      await audit.appendWithin(transaction, { event: 'webhook.changed', reference: newReference(), details });
      return writeWebhook(transaction, masterKey, url);
    });
    return { url, secret };
  },
});

export const show = defineOperation({
  uses: ['database', 'masterKey'],
  input: nothing,
  output: z.object({ url: z.string() }),
  run: async ({ database, masterKey }) => {
    const webhook = await readWebhook(database.db, masterKey);
    if (webhook === undefined) throw noWebhook();
    return { url: webhook.url };
  },
});

export const test = defineOperation({
  uses: ['database', 'masterKey', 'clock'],
  input: nothing,
  output: z.object({
    url: z.string(),
    sent: z.enum(['delivered', 'refused', 'unknown']),
    reason: z.string().optional(),
  }),
  run: async ({ database, masterKey, clock }) => {
    const webhook = await readWebhook(database.db, masterKey);
    if (webhook === undefined) throw noWebhook();
    const body = JSON.stringify({ id: newReference(), event: 'test' });
    const { outcome: sent, reason } = await send(webhook, body, clock());
    return { url: webhook.url, sent, reason };
  },
});

export const remove = defineOperation({
  uses: ['database', 'audit'],
  input: nothing,
  output: z.object({ removed: z.boolean() }),
  run: async ({ database, audit }, _input, { name: actor }) => {
    await database.transaction(async (transaction) => {
      if (!(await deleteWebhook(transaction))) throw noWebhook();
      const details = { actor, host: 'none' };
      await audit.appendWithin(transaction, { event: 'webhook.changed', reference: newReference(), details });
    });
    return { removed: true };
  },
});

import { createPrivateKey } from 'node:crypto';
import { importPKCS8 } from 'jose';
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, PrivateKeyJwt } from 'openid-client';
import type { BillerSettings } from '../../core/billers/settings.ts';
import { algorithmOf } from '../../core/openid/client-secret-form.ts';

/** @param secret as normalClientSecret made it */
export async function clientAuthOf(method: BillerSettings['oidcClientAuth'], secret: string): Promise<ClientAuth> {
  if (method === 'client_secret_basic') return ClientSecretBasic(secret);
  if (method === 'client_secret_post') return ClientSecretPost(secret);
  return PrivateKeyJwt(await importPKCS8(secret, algorithmOf(createPrivateKey(secret))));
}

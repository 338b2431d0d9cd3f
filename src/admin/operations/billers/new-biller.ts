import type { z } from 'zod';
import type { BillerSettings } from '../../../core/billers/settings.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { type GivenServiceProvider, type newBillerInput, serviceProviderOf } from './input.ts';
import { nameIdFormatFor, settingsOf } from './settings.ts';
import { clientSecretOf, planClientSecret } from './sign-in.ts';

export type NewBiller = z.output<typeof newBillerInput>;

/** What a new biller will be, as far as that follows from the input alone. */
export interface CheckedBiller extends GivenServiceProvider {
  readonly billerGuid: string;
  readonly settings: BillerSettings;
  /** As it is stored; undefined if there is none. */
  readonly clientSecret: string | undefined;
}

/**
 * @param now milliseconds since 1970
 * @throws InputError if the Service Provider is missing or wrong
 */
export function requireServiceProvider(input: NewBiller, now: number): GivenServiceProvider {
  const given = serviceProviderOf(input, now);
  if (given !== undefined) return given;
  throw new InputError('The Service Provider is missing.', { code: 'service_provider_missing' });
}

/**
 * Checks everything about a new biller that needs no database.
 *
 * @param now milliseconds since 1970
 * @throws InputError if its Service Provider or its settings are not acceptable
 */
export function checkNewBiller(input: NewBiller, now: number): CheckedBiller {
  const { serviceProvider, warnings } = requireServiceProvider(input, now);
  const settings = settingsOf(nameIdFormatFor(serviceProvider), input.settings, serviceProvider);
  const clientSecret = clientSecretOf(settings, input.oidcClientSecret);
  planClientSecret(undefined, settings, clientSecret, false);
  return { serviceProvider, warnings, settings, clientSecret, billerGuid: input.billerGuid.toLowerCase() };
}

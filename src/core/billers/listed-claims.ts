import { ATTRIBUTE_NAME_FORMATS } from '../../protocols/saml/names.ts';
import type { BillerSettings } from './settings.ts';

/** A claim as it is agreed with the Service Provider. */
export interface ListedClaim {
  /** What it carries. */
  readonly meaning: string;
  readonly name: string;
  /** The URI of its name format. */
  readonly nameFormat: string;
}

/** @returns the claims that every assertion of a biller has, in their order */
export function listedClaims(settings: BillerSettings): ListedClaim[] {
  const claim = (meaning: string, { name, nameFormat }: BillerSettings['emailClaim']): ListedClaim => ({
    meaning,
    name,
    nameFormat: ATTRIBUTE_NAME_FORMATS[nameFormat],
  });
  return [
    claim('email address', settings.emailClaim),
    claim('login type', settings.loginTypeClaim),
    ...(settings.accountNumberClaim === null
      ? []
      : [claim(settings.accounts === 'all' ? 'account numbers' : 'account number', settings.accountNumberClaim)]),
    ...settings.constantClaims.map((constant) => claim(`always ${constant.values.join(', ')}`, constant)),
  ];
}

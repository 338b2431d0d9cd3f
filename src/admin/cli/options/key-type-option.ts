import { Option } from 'commander';
import { KEY_TYPES } from '../../../core/keys/key-types.ts';

/**
 * The kind of a signing key. Service Providers built on lasso (mod_auth_mellon) or on ruby-saml know no elliptic curves.
 *
 * @param text what the key is
 */
export const keyTypeOption = (text: string): Option =>
  new Option(
    '--key-type <type>',
    `${text}; EC-P256 can't be verified by mod_auth_mellon, lasso or ruby-saml, and it is not known whether Invoice Cloud can`,
  ).choices([...KEY_TYPES]);

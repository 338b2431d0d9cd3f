import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/**
 * SAML bindings, 3.5.3: RelayState comes back as it came. A browser normalises line breaks in a form, so what has
 * control characters can't come back unchanged; and its length is bounded by the biller's setting.
 */
export const relayState: Check = ({ relayState: value, biller }) => {
  if (value === undefined) return;
  const bytes = Buffer.byteLength(value);
  const { relayStateMaxBytes } = biller.settings;
  if (bytes > relayStateMaxBytes) {
    throw new IdpError('relay_state_invalid', {
      detail: `RelayState may have ${relayStateMaxBytes} bytes, it has ${bytes}`,
    });
  }
  if (/\p{Cc}|\p{Cs}/u.test(value)) {
    throw new IdpError('relay_state_invalid', { detail: 'RelayState has control characters' });
  }
  return { relayState: value };
};

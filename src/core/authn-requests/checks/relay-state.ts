import { comesBackUnchanged } from '../../../protocols/saml/relay-state.ts';
import { broken, type Check } from '../check.ts';

/**
 * SAML bindings, 3.5.3: RelayState comes back as it came, so what can't is refused; and its length is bounded by the
 * biller's setting.
 */
export const relayState: Check = ({ relayState: value, biller }) => {
  if (value === undefined) return;
  const bytes = Buffer.byteLength(value);
  const { relayStateMaxBytes } = biller.settings;
  if (bytes > relayStateMaxBytes) {
    throw broken('relay_state_invalid', 'RelayState', `at most ${relayStateMaxBytes} bytes`, `${bytes} bytes`);
  }
  if (!comesBackUnchanged(value)) {
    throw broken('relay_state_invalid', 'RelayState', 'no control characters', 'some');
  }
  return { relayState: value };
};

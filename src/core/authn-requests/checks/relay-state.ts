import { comesBackUnchanged } from '../../../protocols/saml/relay-state.ts';
import { broken, type Check } from '../check.ts';

/**
 * SAML bindings, 3.5.3: RelayState must be returned exactly as it came, so a value that can't be is refused. The biller's
 * setting limits its length.
 */
export const relayState: Check<'relayState'> = ({ relayState: value, biller }) => {
  if (value === undefined) return { relayState: undefined };
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

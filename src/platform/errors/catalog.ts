import { apiErrors } from './catalog/api.ts';
import { authnRequestErrors } from './catalog/authn-requests.ts';
import { flowErrors } from './catalog/flow.ts';
import { oneTimeMetadataErrors } from './catalog/one-time-metadata.ts';
import { peopleErrors } from './catalog/people.ts';
import { providerErrors } from './catalog/providers.ts';
import { requestErrors } from './catalog/requests.ts';
import { serviceErrors } from './catalog/service.ts';

/**
 * Every error this service reports, by its stable code. `docs/errors.md` is generated from this list, in its order.
 *
 * No entry may carry a value from the request: what was expected and found is the private `detail` of the IdpError,
 * which goes to the log and the audit.
 */
export const errorCatalog = {
  ...requestErrors,
  ...authnRequestErrors,
  ...flowErrors,
  ...oneTimeMetadataErrors,
  ...peopleErrors,
  ...providerErrors,
  ...apiErrors,
  ...serviceErrors,
} as const;

/** The stable code of an error: part of the public interface, never renamed. */
export type ErrorCode = keyof typeof errorCatalog;

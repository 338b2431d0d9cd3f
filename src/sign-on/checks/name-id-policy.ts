import { IdpError } from '../../errors/idp-error.ts';
import { NAME_ID_FORMATS, type NameIdFormat } from '../../saml/names.ts';
import type { Check } from './check.ts';

const FORMAT_BY_URI = new Map(
  Object.entries(NAME_ID_FORMATS).map(([name, uri]) => [uri as string, name as NameIdFormat]),
);

/** SAML core, 3.4.1.1: the format asked for; without one, or with `unspecified`, the one agreed with the biller. */
export const nameIdPolicy: Check = ({ request, biller }) => {
  const agreed = biller.settings.nameIdFormat;
  const { format, spNameQualifier } = request.nameIdPolicy ?? {};
  // A name in another party's namespace (an affiliation) is not ours to give.
  if (spNameQualifier !== undefined && spNameQualifier !== biller.serviceProvider.entityId) {
    throw new IdpError('name_id_policy_unsupported', {
      detail: 'SPNameQualifier is not the entity ID of the requester',
    });
  }
  if (format === undefined) return { nameIdFormat: agreed };
  const asked = FORMAT_BY_URI.get(format);
  if (asked === undefined) {
    throw new IdpError('name_id_policy_unsupported', {
      detail: `Format must be one of ${Object.values(NAME_ID_FORMATS).join(', ')}; it is "${format.slice(0, 200)}"`,
    });
  }
  return { nameIdFormat: asked === 'unspecified' ? agreed : asked };
};

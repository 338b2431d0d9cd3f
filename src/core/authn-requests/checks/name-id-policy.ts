import { NAME_ID_FORMAT_BY_URI, NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import { broken, type Check, shown } from '../check.ts';

/** SAML core, 3.4.1.1: the requested format; without one, or with `unspecified`, the biller's own. */
export const nameIdPolicy: Check<'nameIdFormat'> = ({ request, biller }) => {
  const agreed = biller.settings.nameIdFormat;
  const { format, spNameQualifier } = request.nameIdPolicy ?? {};
  const { entityId } = biller.serviceProvider;
  // A name in another party's namespace (an affiliation) is not ours to give.
  if (spNameQualifier !== undefined && spNameQualifier !== entityId) {
    throw broken('name_id_policy_unsupported', 'SPNameQualifier', `"${entityId}" or none`, shown(spNameQualifier));
  }
  // Software configured for "unspecified" may send an empty Format, which names nothing.
  if (format === undefined || format === '') return { nameIdFormat: agreed };
  const asked = NAME_ID_FORMAT_BY_URI.get(format);
  if (asked === undefined) {
    const expected = Object.values(NAME_ID_FORMATS).join(', ');
    throw broken('name_id_policy_unsupported', 'Format of NameIDPolicy', `one of ${expected}`, shown(format));
  }
  return { nameIdFormat: asked === 'unspecified' ? agreed : asked };
};

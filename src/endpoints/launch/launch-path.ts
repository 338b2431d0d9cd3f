import { IdpError } from '../../platform/errors/idp-error.ts';

/**
 * Invoice Cloud's own spelling of a redirect link, which portals copy. Its DeepLinkID names the destination; the one in the
 * path is then only an example that was left there.
 */
const INVOICE_CLOUD_NAMES: Readonly<Record<string, string>> = { ViewMode: 'viewMode', DeepLinkID: 'destination' };

/**
 * @param parameters as they came
 * @returns them by our names @throws IdpError parameter_invalid if one comes in both spellings, with different values
 */
export function readLaunch(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  for (const [given, value] of parameters) {
    const name = INVOICE_CLOUD_NAMES[given] ?? given;
    const known = read.get(name);
    if (known !== undefined && known !== value) {
      throw new IdpError('parameter_invalid', { detail: `${name} comes in two spellings, with different values` });
    }
    read.set(name, value);
  }
  return read;
}

/** The parameters of a launch besides its destination. */
export const LAUNCH_PARAMETERS = ['account', 'viewMode'] as const;

/** @returns the path of a launch on this service, e.g. `/launch/riverton/autopay?account=101Invoice` */
export function launchPath(
  slug: string,
  destination: string,
  parameters: Partial<Record<(typeof LAUNCH_PARAMETERS)[number], string>>,
): string {
  const query = new URLSearchParams();
  for (const name of LAUNCH_PARAMETERS) {
    const value = parameters[name];
    if (value !== undefined) query.set(name, value);
  }
  return `/launch/${slug}/${encodeURIComponent(destination)}${query.size > 0 ? `?${query}` : ''}`;
}

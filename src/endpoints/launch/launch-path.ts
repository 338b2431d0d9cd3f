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

/**
 * @param role of the portal user on the account, e.g. `owner`
 * @param mapping login types by role, as the biller maps them
 * @param otherwise the login type of every role that is not mapped
 */
export function loginTypeOf(role: string, mapping: Readonly<Record<string, number>>, otherwise: number): number {
  return Object.hasOwn(mapping, role) ? (mapping[role] ?? otherwise) : otherwise;
}

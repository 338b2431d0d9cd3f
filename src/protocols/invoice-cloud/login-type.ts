/**
 * @param role the portal user's role on the account, e.g. `owner`
 * @param mapping the biller's login types by role
 * @param otherwise the login type for unmapped roles
 */
export function loginTypeOf(role: string, mapping: Readonly<Record<string, number>>, otherwise: number): number {
  return Object.hasOwn(mapping, role) ? (mapping[role] ?? otherwise) : otherwise;
}

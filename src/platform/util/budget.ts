/** How much strangers can make this instance store in a minute. The amounts are in whatever unit is taken. */
interface BudgetLimits {
  /** In all. A reserve of the same size comes on top. */
  readonly all: number;
  /** For one group, e.g. a biller. A reserve of the same size comes on top. */
  readonly each: number;
}

/** An amount for each minute, shared by groups and their members. */
export interface Budget {
  /**
   * Takes an amount. One group can't use up what the others have. When its share or everything is used up, a member that
   * has taken little so far still gets it from a reserve: so others can't use up that either.
   *
   * @param group e.g. a biller
   * @param member of the group, e.g. the network that a request came from
   * @returns `taken`; or which limit is reached
   */
  take(group: string, member: string, amount?: number): 'taken' | 'each' | 'all';
}

/** So often, a member may take from the reserve. */
const FROM_RESERVE = 3;

/** @param clock milliseconds since 1970 */
export function createBudget({ all, each }: BudgetLimits, clock: () => number): Budget {
  let minute = 0;
  let total = 0;
  let reserve = 0;
  /** Nothing is noted for what is refused, so these are limited too. */
  const groups = new Map<string, { taken: number; reserve: number }>();
  const members = new Map<string, number>();

  return {
    take(groupName, memberName, amount = 1) {
      const now = Math.floor(clock() / 60_000);
      if (now !== minute) {
        minute = now;
        total = 0;
        reserve = 0;
        groups.clear();
        members.clear();
      }
      const group = groups.get(groupName) ?? { taken: 0, reserve: 0 };
      const member = `${groupName} ${memberName}`;
      const times = members.get(member) ?? 0;
      const reached = group.taken + amount > each ? 'each' : total + amount > all ? 'all' : undefined;
      if (reached === undefined) {
        group.taken += amount;
        total += amount;
      } else {
        if (times >= FROM_RESERVE || group.reserve + amount > each || reserve + amount > all) return reached;
        group.reserve += amount;
        reserve += amount;
      }
      groups.set(groupName, group);
      members.set(member, times + 1);
      return 'taken';
    },
  };
}

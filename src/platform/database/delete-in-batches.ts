/** After a flood there may be more than one statement can delete in time. */
const AT_ONCE = 5_000;

/**
 * Deletes rows until none are left.
 *
 * @param deleteSome deletes at most this many rows
 */
export async function deleteInBatches(
  deleteSome: (most: number) => Promise<{ readonly numDeletedRows: bigint }>,
): Promise<void> {
  let deleted: number;
  do {
    deleted = Number((await deleteSome(AT_ONCE)).numDeletedRows);
  } while (deleted === AT_ONCE);
}

import { z } from 'zod';
import { requireBiller } from './biller-operations.ts';
import { defineOperation } from './operation.ts';

const list = defineOperation('key.list', z.strictObject({ biller: z.string().optional() }), async (services, input) => {
  const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
  const keys = await services.keys.list(biller?.id);
  return keys.map(({ billerId: _, ...key }) => key);
});

export const keyOperations = [list];

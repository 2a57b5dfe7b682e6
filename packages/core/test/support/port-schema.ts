import type { StandardSchemaV1 } from '@sputnikjs/core';

/** Fits an object with a number `port`. */
export const portSchema: StandardSchemaV1<unknown, { port: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { port } = value as { port?: unknown };
      if (typeof port === 'number') return { value: { port } };
      return {
        issues: [
          { message: 'must be a number', path: ['port'] },
          { message: 'is odd', path: [{ key: 'all' }] },
        ],
      };
    },
  },
};

import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './prisma-client/client.ts';

/** A pool of `connections` to PostgreSQL. Statements are prepared once for each connection and found by their text. */
export function openPrisma(databaseUrl: string, connections: number): PrismaClient {
  const adapter = new PrismaPg(
    {
      connectionString: databaseUrl,
      max: connections,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 15_000,
      query_timeout: 20_000, // the server cannot time out a connection that went silent
      keepAlive: true,
      application_name: 'frontrow',
    },
    { statementNameGenerator: ({ sql }) => statementName(sql) },
  );
  return new PrismaClient({ adapter });
}

const names = new Map<string, string>();

/** A short stable name for a statement's text. The texts are few and fixed; beyond a bound a statement stays unnamed. */
export function statementName(sql: string): string {
  const known = names.get(sql);
  if (known !== undefined) return known;
  if (names.size >= 500) return '';
  const name = `f${createHash('sha1').update(sql).digest('hex').slice(0, 24)}`;
  names.set(sql, name);
  return name;
}

export type { PrismaClient };

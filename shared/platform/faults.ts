import { ReplyError } from 'ioredis';
import { DatabaseError } from './postgres.ts';
import { Prisma } from './prisma-client/client.ts';

/*
 * Which faults of Redis and PostgreSQL mean "later": the same request may succeed when the server is back, has room, or
 * is set right. They are distinguished by error classes and codes. Every other fault is a defect of ours.
 */

/**
 * Redis gave no answer, or PostgreSQL: the connection was refused, lost, silent for too long, or there was none. The
 * clients of both have only plain errors for most of that; the connections that `openRedis` and `openPrisma` open throw
 * this instead.
 */
export class ConnectionFault extends Error {
  override readonly name = 'ConnectionFault';
  /** That of the socket's error where there is one: BullMQ reads it. */
  readonly code: string | undefined;

  constructor(fault: Error) {
    super(fault.message, { cause: fault });
    this.code = (fault as NodeJS.ErrnoException).code;
  }
}

/** Redis has a write, and fewer of its replicas acknowledged it in time than REDIS_WAIT_REPLICAS. */
export class NotReplicated extends Error {
  override readonly name = 'NotReplicated';
}

/** Something that a job needs is not ready within the time for which the job may hold up others. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/**
 * Names of the errors without a server's answer that ioredis and node-postgres throw. Those of JavaScript itself
 * (TypeError, ...) and those with an answer (ReplyError, DriverAdapterError) have names of their own.
 */
const WITHOUT_ANSWER = new Set([
  'Error',
  'AggregateError',
  'AbortError',
  'MaxRetriesPerRequestError',
  'InterruptError',
]);

/** The fault of a connection as its caller gets it: a `ConnectionFault` where no server answered. */
export const connectionFault = (fault: Error): Error =>
  WITHOUT_ANSWER.has(fault.name) ? new ConnectionFault(fault) : fault;

/**
 * First words of Redis' error replies that mean "later" (Redis' sources, server.c `createSharedObjects`, and its
 * documents).
 */
export const REDIS_LATER: ReadonlySet<string> = new Set([
  'BUSY', // a script runs for too long
  'UNKILLABLE', // and has written
  'LOADING', // reads its data from disk
  'MASTERDOWN', // a replica without its master
  'READONLY', // a replica: the address belongs to another master by now
  'UNBLOCKED', // became a replica while a command waited
  'NOREPLICAS', // min-replicas-to-write
  'OOM', // maxmemory
  'MISCONF', // cannot write to its disk
  'CLUSTERDOWN',
  'TRYAGAIN', // a slot is moving
  'ASK', // it is, and its next master may have a part of it: nothing is done with a part
  'MOVED', // it has moved
  'NOAUTH', // the operator's fault, as are the next three
  'WRONGPASS',
  'NOPERM',
  'DENIED', // protected mode
]);

/** Classes of SQLSTATE that mean "later" (PostgreSQL manual, appendix A). */
const SQLSTATE_LATER_CLASSES: ReadonlySet<string> = new Set([
  '08', // connection exception; PgBouncer's own errors
  '28', // invalid authorization
  '40', // transaction rollback: serialization, deadlock
  '53', // insufficient resources: disk, memory, connections
  '57', // operator intervention: shutting down, starting up, statement time-out
  '58', // system error
  'F0', // configuration file error
  'XX', // internal error: a page or an index that is broken, say
]);

/** SQLSTATEs of other classes that mean "later". */
const SQLSTATE_LATER: ReadonlySet<string> = new Set([
  '25006', // read-only transaction: a standby
  '25P03', // idle-in-transaction time-out
  '25P04', // transaction time-out
  '26000', // a prepared statement that is gone: PgBouncer took another server
  '42P05', // and one that is there already
  '3D000', // no such database
  '42501', // insufficient privilege: the operator's fault
  '55000', // the database takes no connections
  '55006', // object in use
  '55P03', // lock time-out
]);

/** The `kind` of connection faults in Prisma's adapter, which have no SQLSTATE (@prisma/driver-adapter-utils). */
const ADAPTER_LATER = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError']);

/** Prisma's code where a transaction does not begin or end in time. */
const PRISMA_TRANSACTION_TIMEOUT = 'P2028';

/** The error of a failed statement, from PostgreSQL or from Prisma's adapter. */
function adapterCauseOf(fault: unknown): { kind?: string; originalCode?: string; originalMessage?: string } {
  if (!(fault instanceof Prisma.PrismaClientKnownRequestError)) return {};
  return (fault.meta?.driverAdapterError as { cause?: object } | undefined)?.cause ?? {};
}

/** The SQLSTATE of a fault, through Prisma as well; undefined where PostgreSQL did not answer with one. */
export const sqlStateOf = (fault: unknown): string | undefined =>
  fault instanceof DatabaseError ? fault.code : adapterCauseOf(fault).originalCode;

/** PostgreSQL's own message of a fault that came through Prisma. */
export const sqlMessageOf = (fault: unknown): string | undefined => adapterCauseOf(fault).originalMessage;

/**
 * Whether a statement failed for what was in it: classes 22 (data exception) and 23 (integrity constraint violation).
 */
export const isDataError = (fault: unknown): boolean => /^2[23]/.test(sqlStateOf(fault) ?? '');

/** Whether a server that this process needs is temporarily unavailable: the same request may succeed later. */
export function isUnavailable(fault: unknown): boolean {
  if ([ConnectionFault, NotReplicated, NotReady].some((later) => fault instanceof later)) return true;
  if (fault instanceof ReplyError) return isRedisLater(fault as Error & { previousErrors?: Error[] });
  const state = sqlStateOf(fault);
  if (state !== undefined) return SQLSTATE_LATER_CLASSES.has(state.slice(0, 2)) || SQLSTATE_LATER.has(state);
  if (!(fault instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return ADAPTER_LATER.has(adapterCauseOf(fault).kind ?? '') || fault.code === PRISMA_TRANSACTION_TIMEOUT;
}

/** Handles a fault where a server that is unavailable costs nothing more. @throws every other fault */
export function throwUnlessUnavailable(fault: unknown): void {
  if (!isUnavailable(fault)) throw fault;
}

/** A transaction that was refused means "later" where each of its refused commands does. */
function isRedisLater({ message, previousErrors = [] }: Error & { previousErrors?: Error[] }): boolean {
  const [code = ''] = message.split(' ', 1);
  if (code === 'EXECABORT') return previousErrors.length > 0 && previousErrors.every(isUnavailable);
  return REDIS_LATER.has(code);
}

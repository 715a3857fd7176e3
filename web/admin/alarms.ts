import type { Overview } from '../../shared/contract/overview.ts';

/** Problems that stop the sale, in a few words: nothing else on a page is as urgent. */
const ALARMS: Partial<Record<Overview['problems'][number]['code'], string>> = {
  redis_down: 'Redis is down',
  redis_not_writable: 'Redis takes no writes',
  postgres_down: 'PostgreSQL is down',
  no_worker: 'No worker runs',
};

/** The alarms of an overview, the worst first, each with the sentence that the server has for it. */
export const alarmsOf = ({ overview }: { overview: Overview | undefined }): { name: string; message: string }[] =>
  (overview?.problems ?? []).flatMap(({ code, message }) => {
    const name = ALARMS[code];
    return name === undefined ? [] : [{ name, message }];
  });

/** A tab's title with an alarm before it, and without an earlier one. */
export const titleWith = (alarm: string | undefined, title: string): string => {
  const plain = title.replace(/^⚠ .*? · /, '');
  return alarm === undefined ? plain : `⚠ ${alarm} · ${plain}`;
};

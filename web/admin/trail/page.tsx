import { useEffect, useState } from 'preact/hooks';
import type { TrailPage as TrailAnswer, TrailEntry } from '../../../shared/contract/trail.ts';
import type { PageProps } from '../page-props.ts';
import { Refusal } from '../refusal.tsx';
import { useRead } from '../use-read.ts';
import { ActList } from './acts.tsx';

/** Milliseconds between two reads of the newest acts. */
const READ_MS = 10_000;

/** Acts that one read brings. */
const ACTS = 50;

/** `/admin#/trail`: who changed what, the newest first, back to the first act. */
export function TrailPage({ operator }: PageProps) {
  const { answer: newest, fault } = useRead<TrailAnswer>(operator, `/admin/trail?limit=${ACTS}`, READ_MS);
  const [older, setOlder] = useState<TrailEntry[]>([]);
  const [olderFault, setOlderFault] = useState<unknown>();
  useEffect(() => {
    document.title = 'Trail · Frontrow';
  }, []);
  const entries = joined(newest?.entries ?? [], older);
  const last = entries.at(-1)?.number ?? 1;
  const readOlder = async () => {
    try {
      const page = await operator.read<TrailAnswer>(`/admin/trail?after=${last}&limit=${ACTS}`);
      setOlder(joined(entries, page.entries));
      setOlderFault(undefined);
    } catch (refused) {
      setOlderFault(refused);
    }
  };
  return (
    <>
      <h1>Acts of operators</h1>
      <p class="soft">Every act of operators, as long as the system exists: nobody can change or delete one.</p>
      <Refusal fault={fault ?? olderFault} />
      {newest !== undefined && entries.length === 0 && <p>Nobody has changed anything yet.</p>}
      <ActList entries={entries} />
      {last > 1 && (
        <button type="button" class="plain" onClick={() => void readOlder()}>
          Older
        </button>
      )}
    </>
  );
}

/** Entries of both lists, each once, the newest first. */
function joined(newer: readonly TrailEntry[], older: readonly TrailEntry[]): TrailEntry[] {
  const numbers = new Set(newer.map(({ number }) => number));
  return [...newer, ...older.filter(({ number }) => !numbers.has(number))].sort((a, b) => b.number - a.number);
}

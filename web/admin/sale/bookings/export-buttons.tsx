import { useEffect, useRef, useState } from 'preact/hooks';
import { faultText } from '../kit/read-fault.tsx';
import { downloadBookings, type ExportFormat, ExportTooLarge, MAX_EXPORT_BYTES, saveFile } from './export.ts';

const MEGABYTE = 1024 * 1024;

type State =
  | { step: 'idle' }
  | { step: 'running'; bytes: number }
  | { step: 'done'; name: string }
  | { step: 'failed'; text: string };

/** Downloads all bookings of a search, as a table or one JSON a line. */
export function ExportButtons({ query }: { query: URLSearchParams }) {
  const [state, setState] = useState<State>({ step: 'idle' });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const run = async (format: ExportFormat) => {
    const controller = new AbortController();
    running.current = controller;
    setState({ step: 'running', bytes: 0 });
    try {
      const file = await downloadBookings(query, format, controller.signal, (bytes) =>
        setState({ step: 'running', bytes }),
      );
      const name = `bookings${query.has('eventId') ? `-event-${query.get('eventId')}` : ''}.${format}`;
      saveFile(file, name);
      setState({ step: 'done', name });
    } catch (fault) {
      if (controller.signal.aborted) setState({ step: 'idle' });
      else setState({ step: 'failed', text: textOf(fault) });
    }
  };
  if (state.step === 'running') {
    return (
      <div class="buttons">
        <p role="status">Exporting … {Math.round(state.bytes / MEGABYTE)} MB</p>
        <button type="button" class="plain" onClick={() => running.current?.abort()}>
          Stop the export
        </button>
      </div>
    );
  }
  return (
    <>
      <div class="buttons">
        <button type="button" class="plain" onClick={() => void run('csv')}>
          Export as CSV
        </button>
        <button type="button" class="plain" onClick={() => void run('ndjson')}>
          Export as NDJSON
        </button>
      </div>
      {state.step === 'done' && <p role="status">All bookings of this search are in {state.name}.</p>}
      {state.step === 'failed' && (
        <p class="notice" role="alert">
          {state.text}
        </p>
      )}
    </>
  );
}

const textOf = (fault: unknown): string =>
  fault instanceof ExportTooLarge
    ? `The export has more than ${MAX_EXPORT_BYTES / MEGABYTE} MB, which this page cannot keep: narrow the search by ` +
      'dates, or read it with curl as docs/guide.md shows.'
    : faultText(fault);

import { residentMegabytes } from '../../kit/processes.ts';

/** An export of everything: seconds, lines, and megabytes of the API before it and at most while it ran. */
export type ExportFigures = { type: string; seconds: number; lines: number; before: number; peak: number };

const SAMPLE_MS = 50;

const LINE_FEED = 10;

/** Exports all bookings, and watches the memory of the API meanwhile. @throws Error where it is refused or cut off */
export async function measureExport(
  type: string,
  api: { url: string; pid: number },
  headers: Record<string, string>,
): Promise<ExportFigures> {
  const before = residentMegabytes(api.pid);
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(api.pid));
  }, SAMPLE_MS);
  try {
    const startedAt = performance.now();
    const answer = await fetch(`${api.url}/api/bookings`, { headers: { ...headers, accept: type } });
    if (!answer.ok || answer.body === null) throw new Error(`an export answered ${answer.status}`);
    let lines = 0;
    for await (const chunk of answer.body) for (const byte of chunk) if (byte === LINE_FEED) lines += 1;
    return { type, seconds: (performance.now() - startedAt) / 1000, lines, before, peak };
  } finally {
    clearInterval(timer);
  }
}

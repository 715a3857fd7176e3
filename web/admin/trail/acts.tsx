import type { TrailEntry } from '../../../shared/contract/trail.ts';
import { whenText } from '../text.ts';
import { changesOf, sentenceOf } from './sentences.ts';

/** Acts of operators as sentences, the newest first, each with what it changed and its record. */
export const ActList = ({ entries }: { entries: readonly TrailEntry[] }) => (
  <ol class="acts-done">
    {entries.map((entry) => (
      <li key={entry.number}>
        <p>
          {sentenceOf(entry)}, <time dateTime={entry.at}>{whenText(Date.parse(entry.at))}</time>
        </p>
        {changesOf(entry).map(({ field, before, after }) => (
          <p class="soft" key={field}>
            <code>{field}</code>: <del>{before}</del> → <ins>{after}</ins>
          </p>
        ))}
        <details>
          <summary>
            As recorded <span class="unseen">: act {entry.number}</span>
          </summary>
          <pre>{JSON.stringify(entry, undefined, 1)}</pre>
        </details>
      </li>
    ))}
  </ol>
);

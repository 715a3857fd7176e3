import { useEffect, useState } from 'preact/hooks';
import type { Method } from '../../../client/src/index.ts';
import type { WebhookView } from '../../../shared/contract/webhooks.ts';
import type { PageProps } from '../page-props.ts';
import { Refusal } from '../refusal.tsx';
import { useRead } from '../use-read.ts';
import { lagProblems } from './lag.ts';
import { Webhooks } from './table.tsx';

/** Milliseconds between two reads. */
const READ_MS = 5_000;

/** `/admin#/webhooks`: the endpoints to which changes are sent, and how far behind each is. */
export function WebhooksPage({ operator }: PageProps) {
  const { answer, fault, readAgain } = useRead<{ webhooks: WebhookView[] }>(operator, '/admin/webhooks', READ_MS);
  const [refused, setRefused] = useState<unknown>();
  useEffect(() => {
    document.title = 'Webhooks · Frontrow';
  }, []);
  const command = async (method: Method, path: string, body: object): Promise<unknown> => {
    try {
      const done = await operator.command(method, path, body);
      setRefused(undefined);
      readAgain();
      return done;
    } catch (refusal) {
      setRefused(refusal);
      return undefined;
    }
  };
  const webhooks = answer?.webhooks ?? [];
  return (
    <>
      <h1>Webhooks</h1>
      <Refusal fault={refused ?? fault} />
      {lagProblems(webhooks).map((problem) => (
        <p class="notice warn" key={problem}>
          {problem}
        </p>
      ))}
      {answer !== undefined && webhooks.length === 0 && (
        <p>
          There is none yet. <code>POST /admin/webhooks</code> makes one.
        </p>
      )}
      <Webhooks webhooks={webhooks} command={command} />
    </>
  );
}

import { useState } from 'preact/hooks';
import type { EndpointAnswer, WebhookView } from '../../../shared/contract/webhooks.ts';
import { timeOf } from '../../times.ts';
import type { Command } from '../overview/command.ts';
import { ScrollingTable } from '../scrolling-table.tsx';
import { formatFigure } from '../text.ts';
import { isLate, lagText } from './lag.ts';

/** The endpoints to which changes are sent: how far behind each is, and its last answers. */
export function Webhooks({ webhooks, command }: { webhooks: readonly WebhookView[]; command: Command }) {
  if (webhooks.length === 0) return null;
  return (
    <ScrollingTable label="Webhooks" kind="faults" columns={['Endpoint', 'State', 'Behind', 'Last answers', 'Actions']}>
      {webhooks.map((webhook) => (
        <Webhook key={webhook.id} webhook={webhook} command={command} />
      ))}
    </ScrollingTable>
  );
}

/** Answers that a line shows. */
const SHOWN_ANSWERS = 3;

function Webhook({ webhook, command }: { webhook: WebhookView; command: Command }) {
  const [tested, setTested] = useState<string>();
  const { id, url, description, status, lag, failures, failingSince, lastAnswers } = webhook;
  const path = `/admin/webhooks/${id}`;
  const test = async () => {
    setTested('Sending …');
    const answer = (await command('POST', `${path}/test`, {})) as EndpointAnswer | undefined;
    setTested(answer && `Test: ${textOf(answer)}`);
  };
  return (
    <tr>
      <td>
        {description}
        <small>{url}</small>
      </td>
      <td>
        <span class={status === 'ACTIVE' && failures === 0 ? '' : 'warn'}>{STATES[status]}</span>
        {failingSince !== undefined && (
          <small>
            {formatFigure(failures)} failures since {timeOf(Date.parse(failingSince))}
          </small>
        )}
      </td>
      <td>
        <span class={isLate(webhook) ? 'warn' : ''}>{lagText(lag)}</span>
      </td>
      <td>
        {lastAnswers.slice(0, SHOWN_ANSWERS).map((answer) => (
          <small key={answer.at}>
            {timeOf(Date.parse(answer.at))} {textOf(answer)}
          </small>
        ))}
      </td>
      <td>
        <button type="button" class="plain" onClick={() => void test()}>
          Send a test
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => void command('PATCH', path, { enabled: status !== 'ACTIVE' })}
        >
          {status === 'ACTIVE' ? 'Disable' : 'Enable'}
        </button>
        <small role="status">{tested}</small>
      </td>
    </tr>
  );
}

const STATES = { ACTIVE: 'active', STOPPED: 'stopped: it failed for three days', DISABLED: 'disabled' } as const;

const textOf = ({ status, fault, ms }: EndpointAnswer): string =>
  `${status === undefined ? (fault ?? 'no answer') : `answered ${status}`} in ${formatFigure(ms)} ms`;

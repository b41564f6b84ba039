// Calls of the product through HubSpot, which names the user and signs. This file is the same beside each page.
import { hubspot } from '@hubspot/ui-extensions';
import { ADDRESS } from './address';

/** Why there is no answer that can be shown: `refused` and `busy` come from a server, `failed` may be anything. */
export type Fault = { readonly fault: 'failed' | 'busy' | 'refused'; readonly message: string };

/** HubSpot ends a call after 15 s; ours are answered within a second or not at all. */
const PATIENCE_MS = 10_000;

/** What a page shows comes with its state and in the portal's language. */
type Stated = { readonly state: string; readonly message?: string };

export async function call<T extends Stated>(
  path: string,
  body?: Record<string, unknown>,
): Promise<T | Fault> {
  try {
    const answer = await hubspot.fetch(`${ADDRESS}/card/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      timeout: PATIENCE_MS,
      ...(body ? { body } : {}),
    });
    if (answer.status === 429) return { fault: 'busy', message: '' };
    const told = (await answer.json()) as T;
    if (typeof told?.state !== 'string') return { fault: 'failed', message: `${answer.status}` };
    // A 404 says in its state why there is nothing; a refusal is nothing that can be shown.
    if (told.state === 'refused') return { fault: 'refused', message: told.message ?? '' };
    return answer.ok || answer.status === 404 ? told : { fault: 'failed', message: `${answer.status}` };
  } catch (error) {
    return { fault: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

export function isFault(answer: object): answer is Fault {
  return 'fault' in answer;
}

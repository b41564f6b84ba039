// What the tests share: the product's own answers, and a product that is called through HubSpot.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Told } from '../src/app/cards/told';

const FOLDER = join(import.meta.dirname, '..', 'fixtures');

/** One of the answers that the product gave (tests/card/fixtures.py of the product writes them). */
export function answer<T = Told>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as T;
}

export const names = readdirSync(FOLDER).map((file) => file.replace('.json', ''));

export type Call = { readonly method: string; readonly url: string; readonly body: unknown; readonly timeout: number };

/** Answers calls in turn, the last one ever after; notes what was called. */
export function product(...answers: (object | number | Error | Promise<Response>)[]) {
  const calls: Call[] = [];
  const fetch = vi.fn(async (url: string, options: Omit<Call, 'url'>) => {
    calls.push({ ...options, url });
    const next = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (next instanceof Promise) return next;
    if (next instanceof Error) throw next;
    if (typeof next === 'number') return new Response('not JSON', { status: next });
    const absent = 'state' in next && (next.state === 'not_installed' || next.state === 'unknown_record');
    return Response.json(next, { status: absent ? 404 : 200 });
  });
  Object.assign(globalThis, { hsFetch: fetch });
  return calls;
}

// The preview page: the card with answers that the product gave (fixtures/), or with a running product's.
//
// ?face=NAME one of fixtures/, or `failed`, `busy`, `refused`, `loading` · ?again=NAME what a second look finds
// ?live=SANDBOX&product=URL&id=N the card of a contact from a product that runs beside a sandbox, which signs
import { createRoot } from 'react-dom/client';
import { Card } from '../src/app/cards/Card';
import { SettingsPage } from '../src/app/settings/SettingsPage';

const given = new URLSearchParams(location.search);
const face = given.get('face') ?? 'ready-en';
const again = given.get('again') ?? face;
const calls: string[] = [];
let looked = 0;

type Options = { method?: string; body?: unknown };

async function fixture(name: string): Promise<Response> {
  const kept = await fetch(`fixtures/${name}.json`);
  const told = await kept.json();
  const absent = ['not_installed', 'unknown_record'].includes(told.state);
  return new Response(JSON.stringify(told), { status: absent ? 404 : 200 });
}

async function pretended(url: string, options: Options = {}): Promise<Response> {
  if (face === 'loading') return new Promise(() => undefined);
  if (face === 'failed' && looked++ === 0) return new Response('{"message": "gone"}', { status: 500 });
  if (face === 'busy') return new Response('', { status: 429 });
  if (face === 'refused') return Response.json({ state: 'refused', message: 'The signature is wrong.' }, { status: 401 });
  if (options.method === 'POST') {
    looked = 1;
    return Response.json({ state: 'waiting', marked: true });
  }
  if (url.endsWith('/portal')) return fixture('settings');
  if (face === 'failed') return fixture('ready-en');
  if (looked === 0) return fixture(face);
  looked++;
  return fixture(looked === 2 ? 'looking' : again); // the first look finds it waiting still
}

/** Through the sandbox, which names the user and signs as HubSpot does. */
async function live(url: string, options: Options = {}): Promise<Response> {
  const path = new URL(url).pathname;
  const wanted = { url: `${given.get('product')}${path}`, method: options.method ?? 'GET', body: options.body };
  const answer = await fetch('/extension-fetch', { method: 'POST', body: JSON.stringify(wanted) });
  const told = await answer.json();
  return new Response(JSON.stringify(told.body), { status: told.status });
}

(globalThis as unknown as Record<string, unknown>).hsFetch = (url: string, options?: Options) => {
  calls.push(`${options?.method ?? 'GET'} ${new URL(url).pathname}`);
  document.documentElement.dataset.calls = calls.join('\n');
  return given.has('product') ? live(url, options) : pretended(url, options);
};

const language = /-(ru|pl)$/.exec(face)?.[1] ?? 'en';
document.documentElement.lang = language;
createRoot(document.getElementById('card')!).render(
  face === 'settings' ? (
    <SettingsPage />
  ) : (
    <Card objectTypeId={given.get('type') ?? '0-1'} objectId={given.get('id') ?? 1} locale={language} />
  ),
);

// The checks of the project's meta files: they pass as it is, and each finds what it is for.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
// @ts-expect-error a tool in plain JavaScript
import { faults, schemasIn } from '../tools/project.mjs';

const root = join(import.meta.dirname, '..');
const schemas = schemasIn(join(root, 'schemas'));
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'project-'));
  for (const name of ['src', 'hsproject.json', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true }));

type Json = Record<string, unknown>;

function change(file: string, edit: (value: Json & { config: Json }) => void) {
  const path = join(copy, file);
  const value = JSON.parse(readFileSync(path, 'utf8'));
  edit(value);
  writeFileSync(path, JSON.stringify(value));
}

const found = () => (faults(copy, schemas) as string[]).join('\n');
const app = 'src/app/app-hsmeta.json';
const card = 'src/app/cards/lifecycle-card-hsmeta.json';
const hooks = 'src/app/webhooks/webhooks-hsmeta.json';

it('the project as it is can be uploaded', () => expect(found()).toBe(''));

it('a meta file in a folder that HubSpot does not know is an error, not silence', () => {
  mkdirSync(join(copy, 'src/app/cards/more'));
  renameSync(join(copy, card), join(copy, 'src/app/cards/more/lifecycle-card-hsmeta.json'));
  expect(found()).toContain('HubSpot would silently skip this file');
  renameSync(join(copy, 'src/app/cards'), join(copy, 'src/app/card'));
  expect(found()).toContain('a card lies in app/cards');
});

it.each<[string, string, (value: Json & { config: Json }) => void]>([
  ['hsproject.json', 'platformVersion', (value) => (value.platformVersion = '2025.2')],
  [app, 'distribution', (value) => (value.config.distribution = 'public')],
  [app, 'must match pattern', (value) => ((value.config.permittedUrls as Json).fetch = ['http://lifecycle.example.com'])],
  [app, 'contain', (value) => ((value.config.auth as Json).requiredScopes = ['crm.objects.contacts.read'])],
  [app, 'unknown field "name"', (value) => (value.name = 'x')],
  [app, 'unknown type "apps"', (value) => (value.type = 'apps')],
  [card, 'must match pattern', (value) => (value.config.entrypoint = 'cards/LifecycleCard.tsx')],
  [card, 'there is no /app/cards/Other.tsx', (value) => (value.config.entrypoint = '/app/cards/Other.tsx')],
  [card, 'location', (value) => (value.config.location = 'crm.record.middle')],
  [card, 'uid "crm_lifecycle_app" is also that of', (value) => (value.uid = 'crm_lifecycle_app')],
  [card, 'uid must be', (value) => (value.uid = 'a card')],
  [hooks, 'targetUrl', (value) => ((value.config.settings as Json).targetUrl = 'https://elsewhere.example/webhooks/hubspot')],
  [hooks, 'must NOT have more than 1000', (value) => {
    const many = Array.from({ length: 1001 }, (_, i) => ({ subscriptionType: 'object.propertyChange', objectType: 'deal', propertyName: `p${i}`, active: true }));
    (value.config.subscriptions as Json).crmObjects = many;
  }],
  [hooks, 'duplicate', (value) => {
    const one = { subscriptionType: 'object.creation', objectType: 'deal', active: true };
    (value.config.subscriptions as Json).crmObjects = [one, one];
  }],
  ['src/app/cards/package.json', 'react is 18.2.0 and tested with 18.3.1', (value) => ((value.dependencies as Json).react = '18.2.0')],
])('%s: %s', (file, words, edit) => {
  change(file, edit);
  expect(found()).toContain(words);
});

it('pages that call another address than the app permits are found', () => {
  writeFileSync(join(copy, 'src/app/cards/address.ts'), "export const ADDRESS = 'https://old.example.com';\n");
  expect(found()).toContain('https://old.example.com is not among permittedUrls.fetch');
});

it('a file that is no JSON is named', () => {
  writeFileSync(join(copy, card), '{');
  expect(found()).toContain('src/app/cards/lifecycle-card-hsmeta.json');
});

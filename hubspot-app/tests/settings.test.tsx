// The settings page: shows how the portal stands, and changes nothing.
import { Alert, Button, EmptyState, ErrorState, Link, LoadingSpinner, StatisticsItem, Text } from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { createElement } from 'react';
import { expect, it } from 'vitest';
import { SettingsPage, type Portal } from '../src/app/settings/SettingsPage';
import { answer, product } from './support';

function shown(locale?: string) {
  const page = createRenderer('settings');
  page.render(createElement(SettingsPage, { locale }));
  return page;
}

it('shows mode, counts and moments of the portal, and no button', async () => {
  const told = answer<Portal>('settings');
  const calls = product(told);
  const page = shown();
  await page.waitFor(() => expect(page.findByTestId(Alert, 'mode').props.title).toBe(told.mode.text));
  expect(page.findAll(StatisticsItem).map((item) => [item.props.id, item.props.number])).toEqual(
    told.stages.map((stage) => [stage.key, stage.text]),
  );
  for (const row of told.rows) expect(page.findByTestId(Text, `row-${row.name}`).text).toBe(row.text);
  expect(page.find(Link).props.href).toEqual({ url: told.admin_url, external: true });
  expect(told.admin_url).toMatch(/^https:\/\/[^/]+\/admin$/);
  expect(page.findAll(Button)).toEqual([]);
  expect(calls.map((call) => call.method)).toEqual(['GET']);
});

it('says that the account is not connected', async () => {
  product(answer('not_installed'));
  const page = shown();
  await page.waitFor(() => expect(page.findByTestId(EmptyState, 'face-not_installed').props.title).toBe('Not connected'));
});

it('tries again after an error', async () => {
  product(500, answer('settings'));
  const page = shown();
  await page.waitFor(() => page.find(ErrorState));
  page.findByTestId(Button, 'retry').trigger('onClick');
  await page.waitFor(() => page.findByTestId(Alert, 'mode'));
});

it.each([
  ['en', 'Loading …', 'The server did not answer', 'Try again'],
  ['ru', 'Загрузка …', 'Сервер не ответил', 'Повторить'],
  ['pl-PL', 'Wczytywanie …', 'Serwer nie odpowiedział', 'Spróbuj ponownie'],
])('waits and fails in the language of the user: %s', async (locale, loading, failed, retry) => {
  product(500);
  const page = shown(locale);
  expect(page.find(LoadingSpinner).props.label).toBe(loading);
  await page.waitFor(() => expect(page.find(ErrorState).props.title).toBe(failed));
  expect(page.findByTestId(Button, 'retry').text).toBe(retry);
});

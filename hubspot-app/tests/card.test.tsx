// The card, rendered with HubSpot's own testing tools, over answers that the product really gave.
import {
  Alert,
  Button,
  EmptyState,
  ErrorState,
  LoadingButton,
  LoadingSpinner,
  StatisticsItem,
  StatusTag,
  StepIndicator,
  Text,
} from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { createElement, version } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ADDRESS } from '../src/app/cards/address';
import { Card } from '../src/app/cards/Card';
import { STEPS_SHOWN } from '../src/app/cards/Customer';
import { isReady, type Ready, type Told } from '../src/app/cards/told';
import { POLL_MS, POLLS } from '../src/app/cards/useCard';
import { answer, names, product } from './support';

const faces = names.filter((name) => name !== 'settings');
const ready = faces.filter((name) => isReady(answer(name)));

function shown(locale = 'en') {
  const renderer = createRenderer('crm.record.tab');
  renderer.render(createElement(Card, { objectTypeId: '0-1', objectId: 51000000001, locale }));
  return renderer;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The texts within a part of the card. */
const said = (part: { findAll: (component: typeof Text) => { text: string | null }[] }) =>
  part.findAll(Text).map((one) => one.text).join(' ');

/** Let promises run; and time, where asked. */
const pass = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

it('is tested with the React that HubSpot renders with', () => {
  expect(version).toBe('18.3.1');
});

it('loads in one call through HubSpot', async () => {
  const calls = product(answer('ready-en'));
  const card = shown();
  expect(card.find(LoadingSpinner).props.label).toBe('Loading …');
  await pass();
  expect(calls).toEqual([{ url: `${ADDRESS}/card/v1/records/0-1/51000000001`, method: 'GET', timeout: 10_000 }]);
  expect(card.maybeFind(LoadingSpinner)).toBeNull();
  expect(card.findByTestId(StatusTag, 'stage').text).toBe(answer<Ready>('ready-en').stage.label);
});

describe.each(ready)('a customer: %s', (name) => {
  it('shows every text of the answer', async () => {
    const told = answer<Ready>(name);
    product(told);
    const card = shown();
    await pass();
    const all = card.getRootNode().toString();
    expect(card.findByTestId(StatusTag, 'stage').props.variant).toBe(told.stage.tone);
    expect(card.findByTestId(Text, 'reason').text).toBe(told.stage.reason);
    expect(card.findByTestId(Text, 'next').text).toBe(told.next?.text ?? told.texts.no_next);
    expect(card.maybeFindByTestId(Text, 'keep-until')?.text ?? null).toBe(told.next?.keep_text ?? null);
    expect(card.findAll(StatisticsItem).map((item) => [item.props.id, item.props.number])).toEqual(
      told.figures.map((figure) => [figure.name, figure.text]),
    );
    expect(card.maybeFindByTestId(Text, 'interval')?.text ?? null).toBe(told.prediction.interval);
    expect(card.findByTestId(StatusTag, 'risk').text).toBe(told.risk.label);
    for (const flag of told.risk.flags) expect(card.findByTestId(Text, `flag-${flag.key}`).text).toContain(flag.reason);
    expect(card.maybeFindByTestId(Text, 'no-risk') === null).toBe(told.risk.flags.length > 0);
    expect(card.maybeFindByTestId(Text, 'action')?.text ?? null).toBe(told.action);
    for (const line of [...told.prediction.basis, ...told.prediction.withheld]) expect(all).toContain(line);
    const steps = card.findByTestId(StepIndicator, 'path').props;
    expect(steps.stepNames.slice(-STEPS_SHOWN)).toEqual(
      told.path.slice(-STEPS_SHOWN).map((step) => `${step.label} · ${step.text}`),
    );
    expect(steps.currentStep).toBe(steps.stepNames.length - 1);
    expect(card.findByTestId(LoadingButton, 'look-again').text).toBe(told.texts.look);
  });
});

it('says how many steps of a long path came before', async () => {
  const told = answer<Ready>('ready-en');
  const step = told.path[0]!;
  product({ ...told, path: Array.from({ length: 9 }, (_, i) => ({ ...step, text: `${i}` })) });
  const card = shown();
  await pass();
  expect(card.findByTestId(StepIndicator, 'path').props.stepNames).toEqual([
    '+3',
    ...[3, 4, 5, 6, 7, 8].map((i) => `${step.label} · ${i}`),
  ]);
});

it('withholds a prediction from thin data, and says why', async () => {
  const told = answer<Ready>('thin');
  product(told);
  const card = shown();
  await pass();
  expect(card.findByTestId(Alert, 'thin').props.title).toBe('No prediction');
  expect(said(card.findByTestId(Alert, 'thin'))).toContain('40 customers are known; 100 are needed.');
  expect(card.findAll(StatisticsItem).map((item) => item.props.id)).not.toContain('clm_clv');
});

it('says that a portal only observes', async () => {
  product(answer('observe'));
  const card = shown();
  await pass();
  expect(card.findAll(Alert).map((alert) => alert.props.title)).toContain(
    "Observing: shown here, not yet written to the record's properties.",
  );
});

describe.each(faces.filter((name) => !ready.includes(name)))('a record without an outcome: %s', (name) => {
  it('says honestly what is the matter, and shows no figure', async () => {
    const told = answer<Exclude<Told, Ready>>(name);
    product(told);
    const card = shown();
    await pass();
    const face = card.findByTestId(EmptyState, `face-${told.state}`);
    expect(face.props.title).toBe(told.title);
    expect(said(face)).toContain(told.message);
    expect(card.findAll(StatisticsItem)).toEqual([]);
  });
});

describe('when the product does not answer as it should', () => {
  it.each([
    ['an error', 500],
    ['a page of a proxy', 200],
    ['a broken connection', new Error('timeout')],
    ['JSON of another kind', { hello: 1 }],
  ])('%s is said, and trying again helps', async (_, wrong) => {
    const calls = product(wrong, answer('ready-en'));
    const card = shown();
    await pass();
    expect(card.find(ErrorState).props.title).toBe('The card could not be loaded');
    card.findByTestId(Button, 'retry').trigger('onClick');
    await pass();
    expect(card.maybeFind(ErrorState)).toBeNull();
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(answer<Ready>('ready-en').stage.label);
    expect(calls).toHaveLength(2);
  });

  it("says that HubSpot's limit is reached", async () => {
    product(429);
    const card = shown();
    await pass();
    expect(said(card.find(ErrorState))).toContain('HubSpot allows only so many requests at once.');
  });

  it('says that a request was refused, with the reason', async () => {
    product({ state: 'refused', message: 'The signature is stale.' });
    const card = shown();
    await pass();
    expect(card.find(ErrorState).props.type).toBe('lock');
    expect(said(card.find(ErrorState))).toContain('The signature is stale.');
  });

  it.each([
    ['ru-RU', 'Карточку не удалось загрузить'],
    ['pl', 'Nie udało się wczytać karty'],
    ['xx', 'The card could not be loaded'],
  ])('speaks the language of the user: %s', async (locale, title) => {
    product(500);
    const card = shown(locale);
    await pass();
    expect(card.find(ErrorState).props.title).toBe(title);
  });
});

describe('looking again now', () => {
  const before = answer<Ready>('lost-en');
  const after = { ...answer<Ready>('ready-en') };
  const waiting = { ...before, waiting: true };
  const marked = { state: 'waiting', marked: true };

  async function clicked(...answers: Parameters<typeof product>) {
    const calls = product(before, ...answers);
    const card = shown();
    await pass();
    card.findByTestId(LoadingButton, 'look-again').trigger('onClick');
    await pass();
    return { calls, card };
  }

  it('marks the record, waits, and shows the new state', async () => {
    const { calls, card } = await clicked(marked, waiting, after);
    expect(calls[1]).toEqual({
      url: `${ADDRESS}/card/v1/refresh`,
      method: 'POST',
      timeout: 10_000,
      body: { objectType: '0-1', objectId: '51000000001' },
    });
    const button = card.findByTestId(LoadingButton, 'look-again');
    expect([button.text, button.props.loading, button.props.disabled]).toEqual(['Looking again …', true, true]);
    await pass(POLL_MS);
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(before.stage.label);
    await pass(POLL_MS);
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(after.stage.label);
    expect(card.findAll(Alert).map((alert) => alert.props.title)).toContain('Looked again: this is the present state.');
    await pass(100 * POLL_MS);
    expect(calls).toHaveLength(4);
  });

  it('stops asking after a while, and keeps showing what it knows', async () => {
    const { calls, card } = await clicked(marked, waiting);
    await pass(200 * POLL_MS);
    expect(calls).toHaveLength(2 + POLLS);
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(before.stage.label);
    expect(card.findAll(Alert).map((alert) => alert.props.variant)).toContain('warning');
    expect(card.findByTestId(LoadingButton, 'look-again').props.disabled).toBe(false);
  });

  it('outlasts answers that fail meanwhile', async () => {
    const { card } = await clicked(marked, 500, new Error('reset'), after);
    await pass(3 * POLL_MS);
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(after.stage.label);
  });

  it('says when the wish did not arrive, and changes nothing', async () => {
    const { calls, card } = await clicked(500);
    expect(card.findAll(Alert).map((alert) => alert.props.variant)).toContain('error');
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(before.stage.label);
    await pass(100 * POLL_MS);
    expect(calls).toHaveLength(2);
  });

  it('a record that is being looked at for the first time is waited for without a click', async () => {
    const calls = product(answer('waiting'), answer('waiting'), answer('ready-en'));
    const card = shown();
    await pass();
    expect(card.findByTestId(EmptyState, 'face-waiting').props.title).toBe('One moment');
    await pass(2 * POLL_MS);
    expect(card.findByTestId(StatusTag, 'stage').text).toBe(answer<Ready>('ready-en').stage.label);
    expect(calls).toHaveLength(3);
  });

  it('a card that shows another record stops waiting for the first', async () => {
    product(before, marked, waiting);
    const card = shown();
    await pass();
    card.findByTestId(LoadingButton, 'look-again').trigger('onClick');
    await pass();
    const calls = product(after);
    card.render(createElement(Card, { objectTypeId: '0-1', objectId: 2, locale: 'en' }));
    await pass(50 * POLL_MS);
    expect(calls.filter((call) => call.url.endsWith('/2'))).toHaveLength(1);
  });
});

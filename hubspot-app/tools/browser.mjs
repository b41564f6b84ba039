// Looks at the built preview in a real Chromium: every face, the button, narrow and wide; takes the pictures.
//
// The Chromium comes inside the package @sparticuz/chromium (Linux, x86-64) or is CHROMIUM's or the system's own.
// `--pictures FOLDER` keeps what the README shows.
import { ok, strictEqual } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packed from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
import { server } from './serve.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const told = (name) => JSON.parse(readFileSync(join(root, 'fixtures', `${name}.json`), 'utf8'));
const names = readdirSync(join(root, 'fixtures')).map((name) => name.replace('.json', ''));
const at = process.argv.indexOf('--pictures');
const pictures = at > 0 ? process.argv[at + 1] : null;

async function launch() {
  const plain = ['--no-sandbox', '--disable-dev-shm-usage'];
  const known = process.env.CHROMIUM ?? (process.platform === 'linux' && process.arch === 'x64' ? '' : SYSTEM.find(existsSync));
  if (known) return puppeteer.launch({ executablePath: known, args: plain });
  try {
    return await puppeteer.launch({ executablePath: await packed.executablePath(), args: [...packed.args, ...plain], headless: 'shell' });
  } catch (error) {
    const own = SYSTEM.find(existsSync); // the packed one needs libraries that a bare machine may lack
    if (!own) throw new Error('No Chromium can be started: install one (Debian: apt-get install chromium) or set CHROMIUM to one.', { cause: error });
    return puppeteer.launch({ executablePath: own, args: plain });
  }
}

const here = server('');
await new Promise((done) => here.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${here.address().port}`;
const browser = await launch();
let passed = 0;

/** A page with a face of the card; errors in it fail the check. */
async function opened(query, width = 760) {
  const page = await browser.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => message.type() === 'error' && !/status of/.test(message.text()) && wrong.push(message.text()));
  await page.setViewport({ width, height: 900, deviceScaleFactor: pictures ? 1.5 : 1 });
  await page.goto(`${address}/?${query}`);
  await page.waitForSelector('#card > *');
  page.wrong = wrong;
  return page;
}

async function check(name, work) {
  await work();
  passed += 1;
  console.log(`ok ${name}`);
}

const text = (page, test) => page.$eval(`[data-test="${test}"]`, (node) => node.textContent);
const whole = (page) => page.$eval('#card', (node) => node.innerText);

for (const name of names.filter((one) => one !== 'settings')) {
  await check(`face ${name}`, async () => {
    const page = await opened(`face=${name}`);
    const wanted = told(name);
    await page.waitForSelector(wanted.state === 'ready' ? '[data-test="stage"]' : `[data-test="face-${wanted.state}"]`);
    const seen = await whole(page);
    if (wanted.state === 'ready') {
      strictEqual(await text(page, 'stage'), wanted.stage.label);
      for (const figure of wanted.figures) strictEqual(await page.$eval(`[data-test="figure-${figure.name}"] b`, (b) => b.textContent), figure.text);
      for (const flag of wanted.risk.flags) ok(seen.includes(flag.reason), flag.reason);
      for (const line of [...wanted.prediction.basis, ...wanted.prediction.withheld, wanted.stage.reason]) ok(seen.includes(line), line);
      strictEqual(await page.$$eval('[data-test="path"] li', (all) => all.length), Math.min(wanted.path.length, 6) + (wanted.path.length > 6));
      strictEqual((await page.evaluate(() => document.documentElement.dataset.calls)).split('\n').length, 1);
    } else ok(seen.includes(wanted.message), seen);
    ok(!/undefined|null|NaN|\{\w+\}/.test(seen), seen);
    strictEqual(page.wrong.join(), '');
    await page.close();
  });
}

await check('no face is wider than a narrow column', async () => {
  for (const name of ['ready-en', 'ready-ru', 'lost-pl', 'thin']) {
    const page = await opened(`face=${name}`, 360);
    await page.waitForSelector('[data-test="stage"]');
    ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
    await page.close();
  }
});

await check('look again: waits, then shows the new state', async () => {
  const page = await opened('face=lost-en&again=ready-en');
  await page.waitForSelector('[data-test="look-again"]');
  await page.click('[data-test="look-again"]');
  await page.waitForSelector('[data-test="look-again"]:disabled');
  await page.waitForFunction((label) => document.querySelector('[data-test="stage"]')?.textContent === label, { timeout: 20_000 }, told('ready-en').stage.label);
  ok((await whole(page)).includes('Looked again'));
  await page.close();
});

await check('an error is said, and trying again helps', async () => {
  const page = await opened('face=failed');
  await page.waitForSelector('[role="alert"]');
  await page.click('[data-test="retry"]');
  await page.waitForSelector('[data-test="stage"]');
  await page.close();
});

await check('loading, busy and refused have their faces', async () => {
  for (const [face, words] of [['loading', 'Loading'], ['busy', 'only so many requests'], ['refused', 'signature is wrong']]) {
    const page = await opened(`face=${face}`);
    await page.waitForFunction((wanted) => document.querySelector('#card').innerText.includes(wanted), {}, words);
    await page.close();
  }
});

await check('settings', async () => {
  const page = await opened('face=settings');
  await page.waitForSelector('[data-test="mode"]');
  for (const row of told('settings').rows) strictEqual(await text(page, `row-${row.name}`), row.text);
  await page.close();
});

if (pictures) {
  const page = await opened('face=ready-en', 800);
  await page.waitForSelector('[data-test="stage"]');
  await (await page.$('main')).screenshot({ path: join(pictures, 'card.png') });
}

await browser.close();
here.close();
console.log(`${passed} passed, 0 failed`);

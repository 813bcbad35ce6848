// What the journeys share: a browser that notes what goes wrong, and what is drawn on canvases.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const { HEARTH_URL: url, HEARTH_GRAFANA: grafana, HEARTH_KEY: key, HEARTH_PASSWORD: password } = process.env;
export const base = `${url}/grafana/${grafana}`;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How long something may take that has to come: long, for machines are slow and busy. */
export const patience = 60_000;

let failed = 0;
export const check = (what, ok, more = '') => {
  failed += ok ? 0 : 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : ' ' + more}`);
};
export const failures = () => failed;

export const api = (path, init = {}, as = key) =>
  fetch(base + path, { ...init, headers: { Authorization: `Bearer ${as}`, 'Content-Type': 'application/json', ...init.headers } });

export const launch = (...more) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
  });

/** Keeps, on each canvas, the texts, lines and areas that are on it now. */
function recordCanvases() {
  const proto = CanvasRenderingContext2D.prototype;
  const of = (ctx) => (ctx.canvas.drawn ??= { texts: [], strokes: [], fills: [] });
  const wrap = (name, note) => {
    const before = proto[name];
    proto[name] = function (...args) {
      note(this, args);
      return before.apply(this, args);
    };
  };
  wrap('clearRect', (ctx) => (ctx.canvas.drawn = undefined));
  wrap('fillText', (ctx, [text, x]) => {
    const { a, b, e } = ctx.getTransform();
    const width = ctx.measureText(text).width;
    const left = e + a * (x - ({ center: width / 2, right: width, end: width }[ctx.textAlign] ?? 0));
    of(ctx).texts.push({ text: String(text), x, share: x / ctx.canvas.width, cut: b === 0 && (left < -1 || left + a * width > ctx.canvas.width + 1) });
  });
  wrap('stroke', (ctx) => of(ctx).strokes.push({ color: String(ctx.strokeStyle), width: ctx.lineWidth, dash: ctx.getLineDash().length > 0 }));
  wrap('fill', (ctx, [path]) => path && of(ctx).fills.push(typeof ctx.fillStyle === 'string' ? ctx.fillStyle : 'gradient'));
}

const traffic = new WeakMap(); // by page: requests begun, and those not answered yet

function countTraffic(page) {
  const counted = { begun: 0, open: new Set() };
  traffic.set(page, counted);
  page.on('request', (r) => (counted.begun++, counted.open.add(r)));
  page.on('requestfinished', (r) => counted.open.delete(r));
  page.on('requestfailed', (r) => counted.open.delete(r));
}

/**
 * Waits until a page asks for nothing and has nothing to do: five times on end no request
 * is open or has begun, no panel loads, and its thread, asked after a tenth of a second, has
 * time to spare. A busy machine makes this longer, not shorter.
 */
export async function quiet(page) {
  const { open } = traffic.get(page);
  const spare = () => new Promise((done) => setTimeout(() => requestIdleCallback(() => done(!document.querySelector('[aria-label="Panel loading bar"]')), { timeout: 2000 }), 100)); // after a drag Chromium is never idle
  const until = Date.now() + patience;
  for (let calm = 0; calm < 5 && Date.now() < until; ) {
    const { begun } = traffic.get(page);
    const idle = await page.evaluate(spare).catch(() => false); // false: it is on its way to another page
    calm = idle && open.size === 0 && begun === traffic.get(page).begun ? calm + 1 : 0;
  }
}

/**
 * Waits until nothing on a page is on its way to another look: a colour that fades is none
 * that axe should judge. What moves for good is not waited for.
 */
export const still = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (let calm = 0; calm < 2; calm++) {
      await frame();
      const moving = document.getAnimations().filter((a) => a.playState === 'running' && Number.isFinite(a.effect?.getComputedTiming().endTime));
      await Promise.all(moving.map((a) => a.finished.catch(() => {})));
      calm = moving.length === 0 ? calm : -1;
    }
  });

/**
 * Ends the part of a journey in which a refusal is no fault. A busy browser tells late of
 * what was refused, and a page may ask a second time.
 */
export async function noMore(noted) {
  await quiet(noted.page);
  noted.expected = false;
}

/** A page whose errors and requests to elsewhere than home are noted. */
export async function openPage(browser, { home = url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 2600 }, colorScheme: 'dark', timezoneId: 'UTC', reducedMotion: 'reduce', bypassCSP: false, acceptDownloads: true, ...options });
  await context.addInitScript(recordCanvases);
  context.on('page', countTraffic);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.setDefaultNavigationTimeout(patience);
  const noted = { page, errors: [], foreign: [], expected: false };
  page.on('console', (m) => m.type() === 'error' && !noted.expected && noted.errors.push(`${page.url()}: ${m.text()} ${m.location().url}`));
  page.on('pageerror', (e) => noted.errors.push(`${page.url()}: ${e.stack ?? e}`));
  page.on('request', (r) => !r.url().startsWith(home) && !/^(data|blob):/.test(r.url()) && noted.foreign.push(r.url()));
  return noted;
}

/** Signs in to the Grafana workspace with the password, at one of its pages. */
export async function signIn(noted, path = '/dashboards', at = base) {
  const { page } = noted;
  noted.expected = true; // the first question is answered 401
  await page.goto(at + path);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await noMore(noted);
}

/** Signs in to the console with the keys that `hearth dev` has. */
export async function signInWithKeys(noted, at = url) {
  const { page } = noted;
  noted.expected = true;
  await page.goto(at + '/ui/');
  await page.getByLabel('Access key id').fill('test');
  await page.getByLabel('Secret access key').fill('test');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
  await noMore(noted);
}

/** What holds of every journey, and its end. */
export async function finish(browser, noted) {
  check('nothing from elsewhere', noted.foreign.length === 0, noted.foreign.join('\n'));
  check('no error in the console', noted.errors.length === 0, noted.errors.join('\n'));
  await browser.close();
  console.log(failed ? `${failed} failed` : 'all well');
  process.exit(failed ? 1 : 0);
}

/** Goes to a page of the app without loading the app again. */
export const visit = (page, path) =>
  page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  }, new URL(base + path).pathname + new URL(base + path).search);

export const panelOf = (page, title) => page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) }).first();

/** Whether something becomes true within a time; it is asked again as the page changes. */
export async function becomes(ask, timeout = patience) {
  const until = Date.now() + timeout;
  for (;;) {
    const found = await ask();
    if (found.ok || Date.now() > until) {
      return found;
    }
    await new Promise((next) => setTimeout(next, 100));
  }
}

/**
 * Takes an option of a combobox within a part of the page. The list moves while it is
 * narrowed, and a click then is nobody's: whether the option is taken is looked at, and
 * it is taken again if not.
 */
export async function choose(part, label, text, taken) {
  const box = part.getByRole('combobox', { name: label, exact: true });
  const option = part.page().getByRole('option').filter({ hasText: text }).first();
  const done = taken ?? (async () => (await box.inputValue()) === text);
  for (let attempt = 0; attempt < 4; attempt++) {
    await box.click();
    await box.fill(text);
    let was;
    await becomes(async () => {
      const now = JSON.stringify(await option.boundingBox());
      const rests = now !== 'null' && now === was;
      was = now;
      return { ok: rests };
    });
    await option.click();
    if ((await becomes(async () => ({ ok: await done() }), 15000)).ok) {
      return;
    }
  }
  throw new Error(`${label}: ${text} is not taken`);
}

/** JSON with its keys in order, to be compared. */
export function sorted(v) {
  if (Array.isArray(v)) {
    return v.map(sorted);
  }
  return v && typeof v === 'object' ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])])) : v;
}

/** What is on the canvas of a panel. */
export const drawn = (page, title) =>
  panelOf(page, title).evaluate((s) => {
    const all = [...s.querySelectorAll('canvas')].map((c) => c.drawn).filter(Boolean);
    const join = (name) => all.flatMap((d) => d[name]);
    return { texts: join('texts'), strokes: join('strokes'), fills: join('fills') };
  }).catch(() => ({ texts: [], strokes: [], fills: [] }));

/** Serious findings of axe, beside what users wrote and the colours that they gave to cells, once nothing fades. */
export async function serious(page) {
  await page.mouse.move(0, 500); // the library's hovered and focused buttons are lighter than axe likes
  await page.evaluate(() => document.activeElement?.blur());
  await still(page);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ include: [document], exclude: [['.markdown-html'], ['[role=gridcell]']] }, { resultTypes: ['violations'] }));
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))]);
}

// How fast dashboards are, by the browser's own measures. `make bench-web` starts it
// on a Hearth with known samples of a day; it prints a table and decides nothing.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { HEARTH_URL: url, HEARTH_GRAFANA: grafana, HEARTH_KEY: key, HEARTH_PASSWORD: password } = process.env;
const base = `${url}/grafana/${grafana}`;
const runs = Number(process.env.RUNS ?? 5);

const store = async (dashboard) => {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const answer = await fetch(base + '/api/dashboards/db', { method: 'POST', headers, body: JSON.stringify({ dashboard, overwrite: true }) });
  if (!answer.ok) {
    throw new Error(`${dashboard.uid}: ${await answer.text()}`);
  }
};
const panels = (n, of) =>
  Array.from({ length: n }, (_, i) => ({ id: i + 1, type: 'timeseries', title: `Panel ${i + 1}`, gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 8, w: 8, h: 8 }, datasource: { type: 'prometheus', uid: 'prom' }, targets: [{ refId: 'A', expr: of(i) }] }));
const exprs = ['demo_load', 'rate(demo_requests_total[5m])', 'sum by (code) (rate(demo_requests_total[5m]))', 'rate(demo_latency_seconds_bucket[5m])', 'avg(demo_load)'];
const day = { time: { from: 'now-24h', to: 'now' }, schemaVersion: 42, timezone: 'utc', graphTooltip: 1 };
await store({ ...day, uid: 'perf-30', title: '30 panels', panels: panels(30, (i) => `${exprs[i % exprs.length]} + ${i}`) });
const dense = panels(6, (i) => `rate(demo_latency_seconds_bucket[5m]) + ${i}`).map((p) => ({ ...p, maxDataPoints: 1440 }));
await store({ ...day, uid: 'perf-points', title: '10,000 points a panel', panels: dense });
await store(JSON.parse(readFileSync(new URL('../testdata/dashboards/kinds.json', import.meta.url), 'utf8')));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] });
const viewport = { width: 1360, height: 900 };
const signed = await browser.newContext({ viewport });
const door = await signed.newPage();
await door.goto(base + '/dashboards');
await door.getByLabel('Password').fill(password);
await door.getByRole('button', { name: 'Sign in' }).click();
await door.getByRole('link', { name: '30 panels' }).first().waitFor();
const storageState = await signed.storageState();

/** Notes the tasks that keep the page busy and when charts are drawn. */
const watch = () => {
  window.busy = [];
  window.drawn = [];
  performance.setResourceTimingBufferSize(2000);
  new PerformanceObserver((l) => l.getEntries().forEach((e) => window.busy.push([e.startTime, e.duration]))).observe({ type: 'longtask', buffered: true });
  new MutationObserver((l) => l.forEach((m) => m.addedNodes.forEach((n) => n instanceof HTMLElement && (n.matches('.uplot') || n.querySelector('.uplot')) && window.drawn.push(performance.now())))).observe(document, { childList: true, subtree: true });
};

async function open(context, uid, charts) {
  const page = await context.newPage();
  await page.addInitScript(watch);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${base}/d/${uid}`);
  await page.waitForFunction((n) => document.querySelectorAll('.uplot canvas').length >= n, charts, { timeout: 60_000 });
  await page.waitForLoadState('networkidle');
  await page.evaluate(() => new Promise((done) => requestIdleCallback(done, { timeout: 2000 })));
  const { metrics } = await devtools.send('Performance.getMetrics');
  page.cpu = metrics.find((m) => m.name === 'TaskDuration').value * 1000;
  return page;
}

/** When charts are there and the page answers: the last chart drawn, and the end of the last long task. */
const times = (page) =>
  page.evaluate(() => ({
    first: window.drawn[0],
    all: Math.max(...window.drawn),
    interactive: Math.max(...window.drawn, ...window.busy.map(([at, took]) => at + took)),
    blocked: window.busy.reduce((n, [, took]) => n + Math.max(took - 50, 0), 0),
    queries: performance.getEntriesByType('resource').filter((e) => /query_range/.test(e.name)).length,
  }));

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const ms = (all) => `${Math.round(median(all))} ms (${Math.round(Math.min(...all))}–${Math.round(Math.max(...all))})`;
const rows = [];
const row = (...cells) => rows.push(cells);

// What a first visit transfers.
for (const [uid, what] of [['kinds', 'all 12 kinds of panels'], ['perf-30', '30 time series']]) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 4000 }, storageState });
  const page = await open(context, uid, 1);
  const sizes = await page.evaluate(() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const of = (re) => all.filter((e) => re.test(new URL(e.name).pathname)).reduce((n, e) => n + e.transferSize, 0);
    return { app: of(/\/ui\/assets\/|\/d\//), n: all.length };
  });
  row(`first load of a dashboard of ${what}: page, scripts, styles, fonts`, `${Math.round(sizes.app / 1000)} kB`, `${sizes.n} requests`);
  await context.close();
}

// A dashboard of 30 panels over a day.
for (const [what, size, charts] of [['in view', viewport, 6], ['all 30 drawn', { width: 1360, height: 3600 }, 30]]) {
  for (const cold of [true, false]) {
    const context = await browser.newContext({ viewport: size, storageState });
    if (!cold) {
      await (await open(context, 'perf-30', charts)).close();
    }
    const all = [];
    for (let i = 0; i < runs; i++) {
      const fresh = cold ? await browser.newContext({ viewport: size, storageState }) : context;
      const page = await open(fresh, 'perf-30', charts);
      all.push({ ...(await times(page)), cpu: page.cpu });
      await page.close();
      if (cold) {
        await fresh.close();
      }
    }
    await context.close();
    row(`30 panels over 24 h, ${what}, ${cold ? 'first visit' : 'scripts cached'}: interactive`, ms(all.map((t) => t.interactive)), `CPU of the page's thread ${ms(all.map((t) => t.cpu))}, first chart ${ms(all.map((t) => t.first))}, ${median(all.map((t) => t.queries))} queries`);
  }
}

// Dragging a zoom over 10,000 points a panel, six panels with a shared crosshair.
const context = await browser.newContext({ viewport, storageState });
const page = await open(context, 'perf-points', 6);
const points = await page.evaluate(() => performance.getEntriesByType('resource').filter((e) => /query_range/.test(e.name)).length);
const frames = async (what, act) => {
  await page.evaluate(() => {
    window.frames_ = [];
    window.stop_ = false;
    const next = (t) => {
      window.frames_.push(t);
      if (!window.stop_) {
        requestAnimationFrame(next);
      }
    };
    requestAnimationFrame(next);
  });
  await act();
  const gaps = await page.evaluate(() => {
    window.stop_ = true;
    return window.frames_.slice(1).map((t, i) => t - window.frames_[i]);
  });
  const late = gaps.filter((g) => g > 25).length;
  row(`${what}, ${points} panels of 7 × 1,440 points: frames later than 25 ms`, `${late} of ${gaps.length}`, `longest ${Math.round(Math.max(...gaps))} ms, median ${median(gaps).toFixed(1)} ms`);
};
const box = await page.locator('.u-over').first().boundingBox();
const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
await page.mouse.move(...at(0.1));
await frames('moving the cursor', async () => {
  for (let i = 0; i <= 120; i++) {
    await page.mouse.move(...at(0.1 + (0.8 * i) / 120));
  }
});
await page.mouse.move(...at(0.2));
await page.mouse.down();
await frames('dragging a zoom', async () => {
  for (let i = 0; i <= 120; i++) {
    await page.mouse.move(...at(0.2 + (0.6 * i) / 120));
  }
});
const asked = () => page.evaluate(() => performance.getEntriesByType('resource').filter((e) => /query_range/.test(e.name)).length);
const earlier = await asked();
const before = Date.now();
await frames('from letting go to the new range drawn', async () => {
  await page.mouse.up();
  await page.waitForFunction((n) => performance.getEntriesByType('resource').filter((e) => /query_range/.test(e.name)).length >= n, earlier + points);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done, { timeout: 2000 }))));
});
row('the same: time', `${Date.now() - before} ms`, `${(await asked()) - earlier} queries`);

await browser.close();
console.log('| what | figure | |\n|---|---|---|');
rows.forEach((r) => console.log(`| ${r.join(' | ')} |`));

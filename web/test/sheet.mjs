// Pictures of every page, dark and light, as one contact sheet: docs/contact-sheet.webp.
// On the way each page is looked at: errors in the console, requests elsewhere, and
// what axe calls serious, beside what users give colours to, end it with status 1.
//
//	go run ./test/browser -serve        # says url, grafana and key
//	HEARTH_URL=… HEARTH_GRAFANA=… HEARTH_KEY=… node web/test/sheet.mjs [FOLDER]
//
// With FOLDER it also keeps the pictures one by one. ONLY=words takes pages whose
// names have one of them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { consolePages, deniedPages, grafanaPages, onlooker, onPhones, viewer, viewerPages } from './sheetpages.mjs';

const { HEARTH_URL: url, HEARTH_GRAFANA: grafana, HEARTH_PASSWORD: password = 'known-to-the-journeys', ONLY } = process.env;
const folder = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let failed = 0;
const problem = (text) => {
  failed++;
  console.log('FAIL ' + text);
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const shots = [];

const wide = { width: 1360, height: 900 };
const phone = { width: 390, height: 844 };
const token = await viewer();
const keys = onlooker();
const wanted = (n) => !ONLY || ONLY.split(',').some((o) => n.includes(o.trim()));

/** Pictures of pages, one size after the other, by somebody with a browser of their own. */
class Visitor {
  constructor(scheme) {
    this.scheme = scheme;
    this.name = '';
  }

  async open() {
    const context = await browser.newContext({ viewport: wide, colorScheme: this.scheme, reducedMotion: 'reduce' });
    this.page = await context.newPage();
    this.page.setDefaultTimeout(60000);
    this.page.on('console', (m) => m.type() === 'error' && !/denied|viewer/.test(this.name) && problem(`${this.name} ${this.scheme}: ${m.text()} ${m.location().url}`));
    this.page.on('pageerror', (e) => problem(`${this.name} ${this.scheme}: ${e.stack ?? e}`));
    this.page.on('request', (r) => !r.url().startsWith(url) && !/^(data|blob):/.test(r.url()) && problem(`${this.name} asks ${r.url()}`));
    return this;
  }

  async take(n, small) {
    const { page, scheme } = this;
    await page.mouse.move(4, 700);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(500);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ include: [document], exclude: [['.markdown-html'], ['[data-testid="data-testid panel content"]']] }, { resultTypes: ['violations'] }));
    for (const v of violations.filter((x) => x.impact === 'serious' || x.impact === 'critical')) {
      problem(`${n} ${scheme}: ${v.id}: ${v.nodes.slice(0, 2).map((x) => x.html.slice(0, 200)).join(' | ')}`);
    }
    const data = await page.screenshot();
    shots.push({ name: n, scheme, data, small });
    if (folder) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/${n.replaceAll(' ', '-')}-${scheme}${small ? '-phone' : ''}.png`, data);
    }
  }

  /** One that is on show already. */
  async here(n) {
    this.name = n;
    for (const size of wanted(n) ? [wide, ...(onPhones.has(n) ? [phone] : [])] : []) {
      await this.page.setViewportSize(size);
      await this.take(n, size === phone);
    }
    await this.page.setViewportSize(wide);
  }

  async walk(base, pages) {
    for (const size of [wide, phone]) {
      await this.page.setViewportSize(size);
      for (const [n, path, act] of pages.filter(([name]) => wanted(name) && (size === wide || onPhones.has(name)))) {
        this.name = n;
        try {
          await this.page.goto(base + path);
          await this.page.locator('main').waitFor();
          await this.page.waitForLoadState('networkidle');
          await act?.(this.page);
          await this.take(n, size === phone);
        } catch (err) {
          problem(`${n} ${this.scheme}: ${err}`);
        }
      }
    }
    await this.page.setViewportSize(wide);
  }

  async enter([id, secret]) {
    await this.page.goto(url + '/ui/');
    await this.page.getByLabel('Access key id').fill(id);
    await this.page.getByLabel('Secret access key').fill(secret);
    await this.here('sign in');
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.page.getByRole('heading', { name: 'Workspaces' }).waitFor();
  }

  async enterGrafana() {
    await this.page.goto(`${url}/grafana/${grafana}/`);
    await this.page.getByLabel('Password').fill(password);
    await this.here('g sign in');
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'hidden' });
    await this.page.waitForLoadState('networkidle');
  }

  /** A token has no cookie: the page is told that there is a session; all else is asked with the token. */
  async as(bearer) {
    await this.page.route('**/api/**', (r) => r.continue({ headers: { ...r.request().headers(), authorization: `Bearer ${bearer}` } }));
    await this.page.route('**/login/session', (r) => r.fulfill({ json: { signedIn: true } }));
  }
}

async function visit(scheme) {
  const root = await new Visitor(scheme).open();
  await root.enter(['test', 'test']);
  await root.walk(url + '/ui', consolePages);
  await root.enterGrafana();
  await root.walk(`${url}/grafana/${grafana}`, grafanaPages);
  await root.page.context().close();
  const guest = await new Visitor(scheme).open();
  guest.here = () => {};
  await guest.enter(keys);
  await guest.walk(url + '/ui', deniedPages);
  await guest.page.context().clearCookies();
  await guest.as(token);
  await guest.walk(`${url}/grafana/${grafana}`, viewerPages);
  await guest.page.context().close();
}

/** All pictures as one: each page dark and light beside each other, then those of phones. */
async function montage(to) {
  const page = await (await browser.newContext({ viewport: { width: 2000, height: 1000 } })).newPage();
  const names = [...new Set(shots.map((s) => s.name))];
  const cells = (small) => names.flatMap((n) => shots.filter((s) => s.name === n && s.small === small)).map((s) => `<figure><img src="data:image/png;base64,${s.data.toString('base64')}"><figcaption>${s.name} · ${s.scheme}</figcaption></figure>`).join('');
  await page.setContent(`<style>body{margin:16px;background:#777}div{display:grid;gap:12px;margin-bottom:16px;font:13px sans-serif;color:#fff}figure{margin:0}img{width:100%;display:block}</style><div style="grid-template-columns:repeat(4,1fr)">${cells(false)}</div><div style="grid-template-columns:repeat(8,1fr)">${cells(true)}</div>`, { waitUntil: 'load' });
  const png = await page.screenshot({ fullPage: true, type: 'png' });
  const webp = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.6).split(',')[1];
  }, png.toString('base64'));
  writeFileSync(to, Buffer.from(webp, 'base64'));
}

for (const scheme of (process.env.SCHEMES ?? 'dark,light').split(',')) {
  await visit(scheme);
}
if (!ONLY) {
  await montage(fileURLToPath(new URL('../../docs/contact-sheet.webp', import.meta.url)));
}
console.log(`${shots.length} pictures`);
await browser.close();
process.exit(failed ? 1 : 0);

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const PICTURES = fileURLToPath(new URL('screenshots/', import.meta.url));
/** What a browser says itself of an answer that is an error, or does not come. */
const REFUSED = /^Failed to load resource/;

/** A picture for the documents should have fewer; else it shows less. */
const MOST_BYTES = 120_000;

/** How a page is looked at. */
export interface View {
  readonly width?: 390 | 1280;
  readonly scheme?: 'light' | 'dark';
  /** The satellite is going to refuse something, or to go away. */
  readonly isRefused?: boolean;
}

let browser: Promise<Browser> | undefined;

async function launched(): Promise<Browser> {
  if (!existsSync(CHROMIUM))
    throw new Error(`there is no ${CHROMIUM}, which the tests of the page need: sudo apt-get install chromium`);
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-lcd-text'] });
  return await browser;
}

after(async () => await (await browser)?.close());

/**
 * Opens a page in several views at once, and closes them when `look` is through. The page must have said nothing on the console: no error,
 * no breach of the Content-Security-Policy.
 */
export async function looking(
  url: string,
  views: readonly View[],
  look: (...pages: readonly [Page, ...Page[]]) => Promise<void>,
): Promise<void> {
  const said: string[] = [];
  const opened = await Promise.all(views.map((view) => open(url, view, said)));
  const pages = opened.map(({ page }) => page);
  const [first, ...others] = pages;
  if (first === undefined) throw new Error('no view');
  try {
    await look(first, ...others);
  } finally {
    await Promise.all(opened.map(({ context }) => context.close()));
  }
  assert.deepEqual(said, []);
}

async function open(
  url: string,
  { width = 1280, scheme = 'light', isRefused = false }: View,
  said: string[],
): Promise<{ context: BrowserContext; page: Page }> {
  const height = width === 390 ? 844 : 800;
  const context = await (
    await launched()
  ).newContext({ viewport: { width, height }, isMobile: width === 390, colorScheme: scheme });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (!isRefused || !REFUSED.test(message.text())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(`${error.stack}`));
  await page.goto(url);
  return { context, page };
}

/** Waits until the page says that the satellite is in this state. */
export async function says(page: Page, word: string): Promise<void> {
  await page.locator('#word', { hasText: new RegExp(`^${word}$`) }).waitFor();
}

/** The node of the picture that has this name. */
export function node(page: Page, name: string): ReturnType<Page['locator']> {
  const named = page.locator('.name', { hasText: new RegExp(`^${name}$`) });
  return page.getByRole('region', { name: 'Flow of messages' }).getByRole('listitem').filter({ has: named });
}

/** Whether all there is fits the width of the screen. */
export async function fits(page: Page): Promise<boolean> {
  return await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth');
}

/** Texts that stand out too little from what is behind them, for WCAG 2 AA. */
export async function pale(page: Page): Promise<readonly string[]> {
  return await page.evaluate(`{
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const linear = (value) => (value <= 10.3 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const light = (colour) => channels(colour).slice(0, 3).map(linear).reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
    const isClear = (colour) => channels(colour)[3] === 0;
    const behind = (element) => {
      const { backgroundColor } = getComputedStyle(element);
      return isClear(backgroundColor) && element.parentElement ? behind(element.parentElement) : backgroundColor;
    };
    const texts = [...document.querySelectorAll('body *')].filter(
      (element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''),
    );
    texts.flatMap((element) => {
      const style = getComputedStyle(element);
      const [a, b] = [light(element instanceof SVGElement ? style.fill : style.color), light(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return ratio < 4.5 ? [element.textContent + ': ' + ratio.toFixed(1)] : [];
    });
  }`);
}

/** Takes a picture of what is on the screen, if `SCREENSHOTS` names a folder: `npm run screenshots` does, for the documents. */
export async function picture(page: Page, name: string, isForDocuments: 'document' | 'other' = 'other'): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  if (isForDocuments === 'other') return;
  await mkdir(folder, { recursive: true });
  for (const height of [725, 660]) {
    const bytes = await page.screenshot({ clip: { x: 0, y: 0, width: 1265, height } });
    await writeFile(join(folder, `page-${name}.png`), bytes);
    if (bytes.length < MOST_BYTES) return;
  }
}

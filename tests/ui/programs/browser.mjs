// A real browser with a Chinese font, both of the packages beside this file. Nothing of it is left behind: its own files
// lie in TMPDIR, which whoever starts this program makes and removes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";

// A container has neither the sandbox's rights nor a graphics card.
const ARGUMENTS = ["--no-sandbox", "--no-zygote", "--disable-gpu"];
const require = createRequire(import.meta.url);
const fonts = join(tmpdir(), "fonts.conf");
const folder = join(import.meta.dirname, "node_modules", "@embedpdf", "fonts-sc", "fonts");
writeFileSync(
  fonts,
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}</dir><dir>/usr/share/fonts</dir>` +
    `<cachedir>${join(tmpdir(), "font-cache")}</cachedir></fontconfig>`,
);

/** A browser that was started. The package's own arguments are left out: they turn off what is tested here. */
export async function launch() {
  const { default: packed } = await import("@sparticuz/chromium");
  const { chromium } = await import("playwright-core");
  const executablePath = await packed.executablePath();
  const env = { ...process.env, FONTCONFIG_FILE: fonts };
  return await chromium.launch({ executablePath, args: ARGUMENTS, headless: true, env });
}

/** The serious things that axe-core finds in a page, as texts. Its script is put in past the page's own policy. */
export async function faultsOf(page) {
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run());
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Where people sign in, and the name that they choose there: residents (`resident.NAME`) at a page of their own. */
function doorOf(account) {
  const [kind, name] = account.split(".");
  return name ? { page: `/console/my-data`, link: "/console/my-data/sign-in", name } : { page: "/console/", link: "/console/sign-in", name: kind };
}

async function signIn(page, door) {
  await page.click(`main a[href^="${door.link}"]`);
  await page.check(`input[name=account][value="${door.name}"]`);
  await page.click("button");
  await page.waitForURL(/\/console\//);
}

/** What the browser holds of an account that is signed in; of nobody, nothing. */
export async function heldBy(browser, origin, account) {
  if (!account) return undefined;
  const context = await browser.newContext();
  const page = await context.newPage();
  const door = doorOf(account);
  await page.goto(`${origin}${door.page}`);
  await signIn(page, door);
  const held = await context.storageState();
  await context.close();
  return held;
}

/** What was sent on standard input, as JSON. */
export async function told() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

// Does in a browser what people would, step by step: one line of JSON in, one line out. Things are found by the names that a
// screen reader tells. A step is { who, does, … }, and `does` one of
//   open { path } · press { name } · write { label, text } · swap { label, before, after } · choose { label, option } ·
//   picture { path, language }
// Each answer is { url, text, complaints } of the page that the person sees then; a step that cannot be
// done is answered with { failed }.
import { createInterface } from "node:readline";
import { launch } from "./browser.mjs";

const origin = process.argv[2];
const PATIENCE_MS = 15_000;
const browser = await launch();
const people = new Map();

async function person(who) {
  if (!people.has(who)) {
    const context = await browser.newContext({ locale: "zh-CN", viewport: { width: 1100, height: 760 } });
    context.setDefaultTimeout(PATIENCE_MS);
    const seen = { page: await context.newPage(), complaints: [] };
    seen.page.on("console", (said) => ["error", "warning"].includes(said.type()) && seen.complaints.push(said.text()));
    seen.page.on("pageerror", (error) => seen.complaints.push(String(error)));
    people.set(who, seen);
  }
  return people.get(who);
}

const named = (page, name) => page.getByRole("button", { name }).or(page.getByRole("link", { name })).first();

const steps = {
  open: (page, { path }) => page.goto(new URL(path, origin).href),
  press: (page, { name }) => named(page, name).click(),
  write: (page, { label, text }) => page.getByLabel(label).first().fill(text),
  async swap(page, { label, before, after }) {
    const box = page.getByLabel(label).first();
    const text = await box.inputValue();
    if (!text.includes(before)) throw new Error(`${label} does not hold ${before}`);
    // An editor may stand in the place of the field, under the same name.
    await page.getByLabel(label).filter({ visible: true }).first().click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(text.replace(before, after));
  },
  async choose(page, { label, option }) {
    const box = page.getByLabel(label).first();
    const is = await box.evaluate((element) => element.tagName);
    await (is === "SELECT" ? box.selectOption(option) : box.check());
  },
  async picture(page, { path, language = "zh" }) {
    const address = new URL(page.url());
    if (language !== "zh") {
      address.searchParams.set("language", language);
      await page.goto(address.href);
    }
    await page.screenshot({ path });
    if (language !== "zh") {
      address.searchParams.set("language", "zh");
      await page.goto(address.href);
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  const { page, complaints } = await person(step.who);
  let answer;
  try {
    await steps[step.does](page, step);
    await page.waitForLoadState();
    answer = { url: page.url(), text: await page.innerText("body"), complaints };
  } catch (error) {
    answer = { failed: String(error), url: page.url(), text: await page.innerText("body") };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();

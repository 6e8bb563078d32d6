// Types into the editor of a draft, as a steward does. Takes { origin, account, language, dark, picture, wrong }; prints
// what it showed, what the browser complained of, and what was sent with the form.
import { launch, faultsOf, heldBy, told } from "./browser.mjs";

const given = await told();
const { origin } = given;
const browser = await launch();
const held = await heldBy(browser, origin, given.account);
const complaints = [];

async function opened(more = {}) {
  const context = await browser.newContext({
    locale: given.language === "zh" ? "zh-CN" : "en-GB",
    colorScheme: given.dark ? "dark" : "light",
    storageState: held,
    ...more,
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    // A draft that does not load is answered with 400, and the browser says that too.
    const expected = message.text().includes("status of 400");
    if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  return page;
}

const path = `${origin}/console/versions/edit?file=fire.yaml`;
const texts = (page, what) => page.locator(what).allInnerTexts();

/** Type at the end of the open text, ask for words there, and leave it by Tab. */
async function typed(page) {
  const shown = { label: await page.locator(".cm-content").getAttribute("aria-label") };
  shown.hint = await page.locator("#hint").innerText();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\n# 键入 typed\npurp");
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  shown.completions = await texts(page, ".cm-tooltip-autocomplete li");
  shown.seen = await page.locator(".cm-tooltip-autocomplete").evaluate((list) => {
    const { top, bottom } = list.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  if (given.picture) await page.screenshot({ path: given.picture });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Space");
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  await page.waitForTimeout(100); // until a completion may be taken, so that none is by accident
  await page.keyboard.press("Enter");
  shown.last = (await texts(page, ".cm-line")).at(-1);
  await page.keyboard.press("Tab");
  shown.left = await page.evaluate(() => document.activeElement?.shadowRoot === null);
  shown.colours = await page.locator(".cm-line span").count();
  return shown;
}

/** Write something that does not load, and try the draft out. */
async function tried(page) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(`\n${given.wrong}`);
  await page.locator("form button[name=act]").click();
  await page.waitForLoadState();
  const details = page.locator("details", { has: page.locator("summary", { hasText: "fire.yaml" }) });
  if (!(await details.evaluate((each) => each.open))) await details.locator("summary").click();
  await page.waitForSelector(".cm-lint-marker-error");
  const shown = { status: await texts(page, "[role=alert]") };
  await page.locator(".cm-lint-marker-error").first().hover();
  await page.waitForSelector(".cm-tooltip-lint");
  shown.error = await page.locator(".cm-tooltip-lint").first().innerText();
  shown.sent = await page.locator('textarea[data-file="fire.yaml"]').inputValue();
  shown.faults = await faultsOf(page);
  return shown;
}

const page = await opened();
await page.goto(path);
await page.waitForSelector(".cm-content");
const policy = await page.evaluate(() => trustedTypes.defaultPolicy === null);
const shown = { policy, ...(await typed(page)), tried: await tried(page) };

// The same page with its field said to be GraphQL, for there is such a page elsewhere alone.
const other = await opened();
await other.route(/versions\/edit/, async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('"policy"', '"graphql"') });
});
await other.goto(path);
await other.locator(".cm-content").click();
await other.keyboard.press("Control+A");
await other.keyboard.insertText('query Q($a: ID!) { person(id: $a) { name } } # "" ');
shown.graphql = await other.locator(".cm-line span").allInnerTexts();

const plain = await opened({ javaScriptEnabled: false });
await plain.goto(path);
shown.plain = await plain.locator('textarea[data-file="fire.yaml"]').isVisible();

await browser.close();
process.stdout.write(JSON.stringify({ ...shown, complaints }));

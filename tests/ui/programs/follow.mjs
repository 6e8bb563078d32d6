// Leaves the live log open, as an auditor does. Takes { origin, account, language, every }; prints what came to it while
// something happened, what a pause held back, what it said when the session had ended, and the browser's complaints.
import { launch, heldBy, told } from "./browser.mjs";

const { origin, account, language, every } = await told();
const browser = await launch();
const storageState = await heldBy(browser, origin, account);
const context = await browser.newContext({ storageState, locale: language === "zh" ? "zh-CN" : "en-GB" });
const complaints = [];

async function opened() {
  const page = await context.newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return page;
}

// The interval of the page is its own; a test does not wait so long.
await context.route(/log\/live/, async (route) => {
  if (route.request().resourceType() !== "document") return route.continue();
  const answer = await route.fetch();
  const body = (await answer.text()).replace(/data-every="\d+"/, `data-every="${every}"`);
  return route.fulfill({ response: answer, body });
});

const live = await opened();
const other = await opened();
await live.goto(`${origin}/console/log/live`);
const rows = () => live.locator("tbody tr").count();
const shown = { first: await rows() };

/** Have something recorded, and wait until the page has a row more. */
async function grown() {
  const before = await rows();
  await other.goto(`${origin}/console/log?result=OK`);
  await live.waitForFunction((count) => document.querySelectorAll("tbody tr").length > count, before);
  return (await rows()) - before;
}

shown.came = await grown();
shown.said = await live.innerText("#live-said");
shown.newest = await live.locator("tbody tr").first().innerText();
shown.link = await live.locator("tbody tr a").first().getAttribute("href");
await live.waitForTimeout(every * 4000);
shown.itself = (await rows()) - shown.first - shown.came;

await live.click("#live-pause");
await other.goto(`${origin}/console/log?result=OK`);
await live.waitForTimeout(every * 4000);
shown.paused = (await rows()) - shown.first - shown.came;
await live.click("#live-pause");
await live.waitForFunction((count) => document.querySelectorAll("tbody tr").length > count, shown.first + shown.came);

await other.goto(`${origin}/console/sessions`);
await other.locator('form[action="/console/sign-out"] button').click();
await live.waitForFunction(() => document.getElementById("live-pause").hidden);
shown.ended = await live.innerText("#live-said");

await browser.close();
process.stdout.write(JSON.stringify({ ...shown, complaints }));

// Reads pages of the console as people do: signs each account in once at the provider's page, by clicks, and goes on.
// Takes { origin, visits: [{ account, language, path, press, follow, dark, width, picture }] }, where `press` is the value
// of a button that is pressed on the page, `follow` how the address of a link begins that is followed there; prints what each page showed, what the
// browser complained of, which other hosts it asked, and what is hard to use without eyes or a mouse.
import { launch, faultsOf, heldBy, told } from "./browser.mjs";

async function visit(browser, origin, held, { language, path, press, follow, dark = false, width = 1100, picture = null }) {
  const context = await browser.newContext({
    locale: language === "zh" ? "zh-CN" : "en-GB",
    colorScheme: dark ? "dark" : "light",
    viewport: { width, height: 760 },
    storageState: held,
  });
  const page = await context.newPage();
  const complaints = [], foreign = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url().startsWith(origin) || foreign.push(request.url()));
  const answer = await page.goto(`${origin}${path}`);
  if (press) {
    await page.click(`main button[value="${press}"]`);
    await page.waitForLoadState();
  }
  if (follow) {
    await page.click(`main a[href^="${follow}"]`);
    await page.waitForURL(new RegExp(follow));
  }
  const shown = {
    status: answer.status(),
    title: await page.title(),
    text: await page.innerText("body"),
    wide: await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth),
    // The widest of what stays in sight when a table is moved sideways.
    held: await page.evaluate(() => {
      const held = [...document.querySelectorAll("th[scope=row]")].filter((each) => getComputedStyle(each).position === "sticky");
      return Math.max(0, ...held.map((each) => each.getBoundingClientRect().width));
    }),
    complaints,
    foreign,
  };
  if (picture) await page.screenshot({ path: picture });
  // Last, because axe-core's script is put in past the page's own policy.
  shown.faults = await faultsOf(page);
  await context.close();
  return shown;
}

const { origin, visits } = await told();
const browser = await launch();
const held = new Map();
const shown = [];
for (const each of visits) {
  if (!held.has(each.account)) held.set(each.account, await heldBy(browser, origin, each.account));
  shown.push(await visit(browser, origin, held.get(each.account), each));
}
await browser.close();
process.stdout.write(JSON.stringify(shown));

// Drives the booking pages in Debian's chromium on a phone's size: what people do there without any script, and every
// page in both languages, light and dark, with axe-core.
//
//   node booking.mjs ADDRESS TOKEN
//
// TOKEN opens the page of somebody with an appointment. Ends with 0 where all is well; what is not is on stderr.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, token] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WEIGHT_MAX = 30 * 1024;
const viewport = { width: 360, height: 740 };
let wrong = 0;
let checks = 0;

function must(holds, what) {
  checks += 1;
  if (!holds) {
    wrong += 1;
    console.error("WRONG: " + what);
  }
}

// A machine that is busy is slow, not wrong.
const SLOW = 180_000;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});

async function sound(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations) {
    must(false, `axe ${name}: ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
  must((await page.locator("h1").count()) === 1, `${name}: one h1`);
  must(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name}: fits`);
  must((await page.locator("script").count()) === 0, `${name}: no script`);
}

// Every page that can be opened, in both languages, light and dark.
for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(SLOW);
  const page = await context.newPage();
  for (const lang of ["en", "zh-CN"]) {
    for (const [path, status] of [[`/b/${token}`, 200], ["/", 200], ["/ask", 200], ["/b/none", 404]]) {
      const name = `${path.replace(token, "…")} ${lang} ${colorScheme}`;
      const answer = await page.goto(`${base}${path}?lang=${lang}`);
      must(answer.status() === status, `${name}: ${answer.status()}`);
      must((await answer.body()).length <= WEIGHT_MAX, `${name}: weight`);
      await sound(page, name);
    }
    await page.goto(`${base}/?lang=${lang}`);
    await page.fill("#who", "nobody");
    await page.click("main form button");
    await sound(page, `form for the code ${lang} ${colorScheme}`);
    await page.fill("#code", "123456");
    await page.click("main form button");
    must((await page.locator("[role=alert]").count()) === 1, "a wrong code is said");
    await sound(page, `wrong code ${lang} ${colorScheme}`);
  }
  await context.close();
}

// What people do, with scripts switched off.
const context = await browser.newContext({ viewport, javaScriptEnabled: false });
context.setDefaultTimeout(SLOW);
const page = await context.newPage();
const says = async (text) => must((await page.content()).includes(text), `the page says: ${text}`);
await page.goto(`${base}/b/${token}?lang=en`);
await page.click("text=Confirm: I will come");
await says("Confirmed. See you then.");
await page.selectOption("#seat", { index: 1 });
await page.click("text=Take this time");
await says("The time is yours.");
await page.click("summary");
await page.click("text=Yes, cancel it");
await says("The appointment is cancelled.");
await page.click("text=Join the waiting list");
await says("The next place that becomes free is yours");
await page.click("text=Leave the waiting list");
await says("You are no longer on the waiting list.");
await page.selectOption("#seat", { index: 1 });
await page.click("text=Take this time");
await says("The time is yours.");
await browser.close();

console.log(`${checks} checks, ${wrong} wrong`);
process.exit(wrong === 0 ? 0 : 1);

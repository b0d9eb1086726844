// Drives the dashboard in Debian's chromium: every page as every role, an upload that is bad and then good, a plan made
// and adopted, a day's counts, figures that move, the keyboard alone, axe-core.
//
//   node dashboard.mjs ADDRESS CAMPAIGN DAY FOLDER
//
// FOLDER has bad.xlsx and good.xlsx. Ends with 0 where all is well; what is not is on stderr.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, campaign, day, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.DOSEPLAN_WEB_PICTURES;
const wrong = [];
let checks = 0;

function must(holds, what) {
  checks += 1;
  if (!holds) {
    wrong.push(what);
    console.error("WRONG: " + what);
  }
}

const of = (page) => `${base}/c/${campaign}/${page}?as-of=${day}`;
const PAGES = {
  overview: ["admin", "planner", "lead", "viewer"],
  map: ["admin", "planner", "lead", "viewer"],
  calendar: ["admin", "planner", "lead", "viewer"],
  reports: ["admin", "planner", "lead", "viewer"],
  bulletin: ["admin", "planner", "lead", "viewer"],
  plan: ["admin", "planner", "lead", "viewer"],
  due: ["admin", "planner", "lead"],
  bookings: ["admin", "planner", "lead"],
  tally: ["admin", "planner", "lead"],
  "what-if": ["admin", "planner"],
  mail: ["admin", "planner"],
  jobs: ["admin", "planner"],
};
const OTHERS = { "/upload": ["admin", "planner"], "/accounts": ["admin"], "/audit": ["admin"], "/bulletin?kind=ranking": ["admin", "planner", "lead", "viewer"], "/me": ["admin", "planner", "lead", "viewer"], "/me/second": ["admin", "planner", "lead", "viewer"], "/campaigns": ["admin", "planner", "lead", "viewer"], "/national": ["admin", "planner", "lead", "viewer"], "/national/pupils": ["admin", "planner", "lead"], "/national/duplicates": ["admin", "planner"], "/national/births": ["admin", "planner"], "/national/survey": ["admin", "planner", "lead"] };
const ROLES = ["admin", "planner", "lead", "viewer"];
const WEIGHT_MAX = 100 * 1024;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});

async function visitor(role, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: "en", ...options });
  // A machine that is busy is slow, not wrong.
  context.setDefaultTimeout(180_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => must(false, `${role}: ${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    // A refused page is an error in the console, too; the status is looked at by itself.
    if (message.type() === "error" && !message.text().includes("status of")) must(false, `${role}: ${page.url()}: ${message.text()}`);
  });
  if (role) {
    await page.goto(base + "/login");
    await page.fill("#name", role);
    await page.fill("#password", `password-${role}-1`);
    await page.click("main form button");
    await page.waitForURL((url) => url.pathname !== "/login");
  }
  return page;
}

async function sound(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations.filter((v) => ["serious", "critical"].includes(v.impact))) {
    must(false, `axe ${name}: ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
  must(true, name);
  must((await page.locator("h1").count()) === 1, `${name}: one h1`);
  must((await page.locator("main").count()) === 1, `${name}: one main`);
}

// Every page as every role, wide and narrow, light and dark; who may not is refused.
for (const role of ROLES) {
  const page = await visitor(role);
  for (const [name, roles] of [...Object.entries(PAGES).map(([name, roles]) => [of(name), roles]), ...Object.entries(OTHERS).map(([path, roles]) => [base + path, roles])]) {
    const answer = await page.goto(name);
    const may = roles.includes(role);
    must(answer.status() === (may ? 200 : 403), `${role} ${name}: ${answer.status()}`);
    if (!may) continue;
    const weight = (await answer.body()).length;
    must(weight < WEIGHT_MAX, `${role} ${name}: ${weight} bytes`);
    if (role === "admin") {
      await sound(page, name);
      for (const [width, colorScheme] of [[360, "light"], [360, "dark"], [1920, "light"]]) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        must(over <= 0, `${name} at ${width}: ${over} px too wide`);
        const head = await page.evaluate(() => document.querySelector("header").offsetHeight);
        must(width > 360 || head <= 170, `${name} at ${width}: ${head} px before the page begins`);
        if (colorScheme === "dark") await sound(page, `${name} dark`);
        if (pictures) {
          const file = `${new URL(name).pathname.replace(/\W+/g, "_")}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(pictures, file), fullPage: true });
        }
      }
      await page.setViewportSize({ width: 1200, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
    }
  }
  await page.context().close();
}

// On a phone the rows of the navigation scroll, and show where somebody is.
{
  const page = await visitor("viewer", { viewport: { width: 360, height: 740 } });
  await page.goto(of("stock"));
  for (const link of await page.locator(".top nav [aria-current]").all()) {
    const [left, right] = await link.evaluate((at) => [at.getBoundingClientRect().left, at.getBoundingClientRect().right]);
    must(left >= 0 && right <= 360, `the navigation ends at ${left} to ${right} px`);
  }
  await page.context().close();
}

// Without JavaScript every page is there, and the login page is sound.
{
  const page = await visitor("viewer", { javaScriptEnabled: false });
  await page.goto(of("overview"));
  must((await page.locator("table").count()) >= 2, "the overview has its tables without JavaScript");
  await page.context().close();
  const guest = await visitor(null);
  await guest.goto(base + "/login");
  await sound(guest, "login");
  await guest.context().close();
}

// Uploading: what is broken is told with its place, what is good is compared and taken.
const planner = await visitor("planner");
await planner.goto(base + "/upload");
await planner.setInputFiles("#file", join(folder, "bad.xlsx"));
await planner.click("form[enctype] button");
await planner.waitForURL(/\/upload\/[0-9a-f]{32}$/);
must((await planner.textContent("main")).includes("weekday_doses"), "the bad workbook's column is named");
must((await planner.locator("form[action*='/apply']").count()) === 0, "a bad workbook cannot be applied");
await planner.goto(base + "/upload");
await planner.setInputFiles("#file", join(folder, "good.xlsx"));
await planner.click("form[enctype] button");
await planner.waitForURL(/\/upload\/[0-9a-f]{32}$/);
await sound(planner, "a checked workbook");
await planner.click("form[action*='/apply'] button");
await planner.waitForURL(/\/plan\?.*done=applied/);

// Planning: the search is told of while it runs, its draft is compared and adopted.
await planner.selectOption("#seconds", "5");
await planner.click("form[action*='/make'] button");
await planner.waitForURL(/done=searching/);
await planner.waitForSelector("form[action*='/adopt'] button", { timeout: 120000 });
must((await planner.locator("#search svg.chart").count()) === 1, "the search is drawn");
await sound(planner, "a draft");
await planner.click("form[action*='/adopt'] button");
await planner.waitForURL(/done=adopted/);

// A day's counts on a phone by a lead; the overview of somebody else moves without a reload.
const watcher = await visitor("viewer");
await watcher.goto(of("overview"));
const before = await watcher.locator(".tiles").first().innerText();
const lead = await visitor("lead", { viewport: { width: 360, height: 740 } });
await lead.goto(of("tally"));
const field = lead.locator(".tally input:not([type=hidden])").first();
const old = Number(await field.inputValue()) || 0;
await lead.evaluate(() => document.querySelector(".tally input:not([type=hidden])").setAttribute("type", "text"));
await field.fill("<script>alert(1)</script>");
await lead.click(".tally button");
must((await lead.locator("[role=alert]").count()) === 1, "a count that is no number is refused");
must((await lead.locator("main script").count()) === 0, "what was entered is text");
await field.fill(String(old + 7));
// The page takes the word out of its address at once: whoever looks later does not see it.
await Promise.all([lead.waitForURL(/done=tallied/), lead.click(".tally button")]);
must(Number(await field.inputValue()) === old + 7, "the count is shown");
// What was typed and not saved outlives a reload; nothing of it is left once it is taken back.
const typed = lead.locator(".tally input[type=number]:not([readonly])").first();
const had = await typed.inputValue();
await typed.fill("12345");
await lead.reload();
must((await typed.inputValue()) === "12345", "what was typed is found again");
await typed.fill(had);
must((await lead.evaluate(() => Object.keys(localStorage).length)) === 0, "nothing is kept that is as it was");
let moved = false;
// The page's policy allows no eval, so that the browser cannot be told to wait for it.
for (let looks = 0; looks < 60 && !moved; looks += 1) {
  await watcher.waitForTimeout(500);
  moved = (await watcher.locator(".tiles").first().innerText()) !== before;
}
must(moved, "the overview moves without a reload");
await lead.context().close();
await watcher.context().close();

// The keyboard alone: the way past the navigation, a page, logging out.
const keys = await visitor("viewer");
await keys.goto(of("overview"));
await keys.keyboard.press("Tab");
must((await keys.evaluate(() => document.activeElement.className)) === "skip", "the first Tab skips to the content");
await keys.keyboard.press("Enter");
must((await keys.evaluate(() => location.hash)) === "#main", "Enter goes there");
for (let presses = 0; presses < 60; presses += 1) {
  await keys.keyboard.press("Shift+Tab");
  if (await keys.evaluate(() => document.activeElement.matches("nav a[href*='/reports']"))) break;
}
await keys.keyboard.press("Enter");
await keys.waitForURL(/\/reports/).catch(() => must(false, "the reports open by keyboard"));
for (let presses = 0; presses < 60; presses += 1) {
  await keys.keyboard.press("Tab");
  if (await keys.evaluate(() => document.activeElement.matches("form[action*='/logout'] button"))) break;
}
await keys.keyboard.press("Enter");
await keys.waitForURL(/\/login/).catch(() => must(false, "logging out by keyboard"));
const after = await keys.goto(of("overview"));
must(after.url().includes("/login"), "who logged out is asked to log in");
await keys.context().close();
await planner.context().close();
await browser.close();

console.log(`${checks} checks, ${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);

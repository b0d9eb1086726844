// The ten tasks of a clerk's week in Debian's chromium: wide and on a phone's size, with script and without. Every click,
// every choice from a list and every Enter counts; typing does not.
//
//   node week.mjs ADDRESS
//
// The county is the small one of the tests, on 2 April 2021. Ends with 0 where all is well; what is not is on stderr.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [base] = process.argv.slice(2);
// A machine that is busy is slow, not wrong.
const SLOW = 180_000;
const wrong = [];
let checks = 0;

function must(holds, what) {
  checks += 1;
  if (!holds) {
    wrong.push(what);
    console.error("WRONG: " + what);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});

async function visitor(role, options) {
  const context = await browser.newContext({ locale: "en", ...options });
  context.setDefaultTimeout(SLOW);
  const page = await context.newPage();
  await page.goto(base + "/login");
  await page.fill("#name", role);
  await page.fill("#password", `password-${role}-1`);
  await page.click("main form button");
  await page.waitForURL((url) => url.pathname !== "/login");
  return page;
}

// Somebody at the first screen who counts what they click.
class Clerk {
  constructor(page) {
    this.page = page;
    this.clicks = 0;
  }

  // Clicks what leads to another page.
  async go(selector) {
    this.clicks += 1;
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), this.page.locator(selector).first().click()]);
  }

  async find(text) {
    this.clicks += 1;
    await this.page.fill("#find", text);
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), this.page.press("#find", "Enter")]);
  }

  async choose(selector, option) {
    this.clicks += 1;
    await this.page.selectOption(selector, option);
  }

  async file(selector) {
    this.clicks += 1;
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.locator(selector).first().click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  async text(selector) {
    return (await this.page.locator(selector).first().innerText()).trim();
  }
}

// The tasks: who does it, the most clicks, and how. Each run has days of its own.
const TASKS = {
  "enter today's tally": ["lead", 3, async (at, run) => {
    await at.go("nav a[href*='/tally']");
    const field = at.page.locator(".tally input[type=number]:not([readonly])").first();
    await field.fill(String(3 + run));
    await at.go(".tally button");
    must((await field.inputValue()) === String(3 + run), "the count is kept");
  }],
  "worst townships": ["planner", 0, async (at) => {
    must((await at.text("#short table")).includes("甲镇"), "the townships that are short stand on the first screen");
  }],
  "close a site and re-plan": ["planner", 6, async (at, run) => {
    await at.find("乙镇卫生院");
    await at.go("main a[href*='/place/S2']");
    const day = `2021-04-${13 + run}`;
    await at.page.fill("#first", day);
    await at.page.fill("#last", day);
    await at.page.fill("#reason", "停电");
    await at.go("form:has(input[value=close]) button");
    must((await at.text("main")).includes(day), "what closing does is told before");
    await at.go("[role=status] form button");
    await at.go("form[action*='/make'] button");
    const adopt = "form[action*='/adopt'] button";
    // The page loads itself anew until the draft is there.
    await at.page.waitForSelector(adopt);
    await at.go(adopt);
    must(at.page.url().includes("/plan"), "the plan is shown");
  }],
  "find a person and move the appointment": ["planner", 5, async (at, run) => {
    await at.find("吴七");
    await at.go("main a[href*='/person/p7']");
    const seats = await at.page.locator("#seat option").evaluateAll((all) => all.map((one) => one.value));
    const had = await at.page.inputValue("form:has(#seat) [name=held]");
    const seat = seats.findLast((one) => one !== had);
    must(seat !== undefined, `there are seats: ${seats}`);
    await at.choose("#seat", seat);
    await at.go("form:has(#seat) button");
    const held = await at.page.inputValue("form:has(#seat) [name=held]");
    must(held === seat, `the appointment is ${held}, not ${seat}`);
  }],
  "download the due list": ["planner", 2, async (at) => {
    await at.go("nav a[href*='/due']");
    const { name, bytes } = await at.file("main a[href*='as=csv']");
    must(name.endsWith(".csv") && bytes.toString().includes("p"), name);
  }],
  "compare two plans": ["planner", 3, async (at) => {
    await at.go("nav a[href*='/plan?'], nav a[href$='/plan']");
    await at.go("main a[href*='/compare']");
    must((await at.page.locator("main table").count()) > 0, "two plans stand side by side");
  }],
  "why is this site idle": ["planner", 3, async (at) => {
    await at.find("乙镇卫生院");
    await at.go("main a[href*='/place/S2']");
    must((await at.text("main")).includes("closed on this day"), "each idle day has its reason");
  }],
  "stock by lot": ["planner", 2, async (at) => {
    await at.go("nav a[href*='/stock']");
    must((await at.text("main")).includes("L1"), "the lots are listed");
  }],
  "change a capacity from next week": ["planner", 4, async (at, run) => {
    await at.find("甲镇卫生院");
    await at.go("main a[href*='/place/S1']");
    await at.page.fill("#weekday", String(50 + run));
    await at.go("form:has(input[value=capacity]) button");
    await at.go("[role=status] form button");
    must((await at.page.inputValue("#weekday")) === String(50 + run), "the capacity is as it was typed");
  }],
  "hand up the month": ["planner", 3, async (at) => {
    await at.go("nav a[href*='/overview']");
    await at.go("nav .pages a[href*='/month']");
    const { name, bytes } = await at.file("main a[href*='as=xlsx']");
    must(name.endsWith(".xlsx") && bytes.subarray(0, 2).toString() === "PK", name);
  }],
};

let run = 0;
for (const javaScriptEnabled of [true, false]) {
  for (const [width, height] of [[1200, 900], [360, 740]]) {
    const how = `${width} px, ${javaScriptEnabled ? "with" : "without"} script`;
    const options = { javaScriptEnabled, viewport: { width, height } };
    const pages = { lead: await visitor("lead", options), planner: await visitor("planner", options) };
    for (const [task, [role, most, does]] of Object.entries(TASKS)) {
      const at = new Clerk(pages[role]);
      await at.page.goto(base + "/");
      try {
        await does(at, run);
      } catch (error) {
        must(false, `${task}, ${how}: ${at.page.url()}: ${error.message.split("\n")[0]}`);
        continue;
      }
      must(at.clicks <= most, `${task}, ${how}: ${at.clicks} clicks, ${most} at most`);
      console.log(`${task}: ${at.clicks} of ${most} clicks (${how})`);
    }
    for (const page of Object.values(pages)) await page.context().close();
    run += 1;
  }
}
await browser.close();

console.log(`${checks} checks, ${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);

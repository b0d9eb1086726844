import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
const base = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const un32 = (t) => { let b = ""; for (const c of t) b += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0"); return Buffer.from(b.match(/.{8}/g).map((x) => parseInt(x, 2))); };
const code = (s, d) => { const n = Buffer.alloc(8); n.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30000) + d)); const h = createHmac("sha1", s).update(n).digest(); const o = h[19] & 15; return String((h.readUInt32BE(o) & 0x7fffffff) % 1e6).padStart(6, "0"); };
for (const [lang, locale] of [["en", "en"], ["zh", "zh-CN"]]) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale, javaScriptEnabled: true });
  const page = await context.newPage();
  page.on("console", (m) => m.type() === "error" && console.log(lang, page.url(), m.text()));
  const look = async (name) => {
    await page.evaluate(axe);
    const f = await page.evaluate(() => window.axe.run(document));
    console.log(lang, name, "axe", f.violations.map((v) => v.id + " " + v.nodes[0].html).join("|") || 0);
    for (const width of [360, 1200]) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) console.log(lang, name, width, "over", over);
      await page.screenshot({ path: `/tmp/h19a/look/${name}-${lang}-${width}.png`, fullPage: true });
    }
  };
  const login = async () => { await page.goto(base + "/login"); await page.fill("#name", "u" + lang); await page.fill("#password", "mo-li-hua-kai-le"); await page.click("main form button"); };
  await login();
  await page.goto(base + "/me"); await look("me");
  await page.goto(base + "/me/second"); await look("second-none");
  await page.fill("#password", "mo-li-hua-kai-le"); await page.click("main form button"); await page.waitForSelector("svg"); await look("second-begun");
  const secret = un32((await page.textContent("code.secret")).replace(/ /g, ""));
  await page.fill("#code", code(secret, 0)); await page.click("main form button"); await page.waitForSelector("ul.logins"); await look("second-codes");
  await page.goto(base + "/me/second"); await look("second-set-up");
  await page.goto(base + "/accounts"); await look("accounts");
  await context.clearCookies();
  await login(); await page.waitForSelector("#code"); await page.click("summary"); await look("login-code");
  await page.fill("#code", code(secret, 1)); await page.click("main form button"); await page.waitForURL((u) => !u.pathname.startsWith("/login")); console.log(lang, "in", page.url());
  await page.goto(base + "/me"); await look("me-after");
  await context.close();
}
await browser.close();

// Lighthouse's marks (performance, accessibility, best practices) for pages of a running dashboard, on its setting for
// phones: a slow line and a slow processor.
//
//   npm install --prefix DIR lighthouse
//   printf %s PASSWORD | LIGHTHOUSE=DIR node benches/lighthouse.mjs ADDRESS ACCOUNT PATH...
//
// ADDRESS is the dashboard's (http://127.0.0.1:8080), PATH what stands behind it (/, /c/flu-2026/tally). Each page is
// measured three times and its best mark counts, because whatever else the machine does only makes it slower. Ends with 0
// where every mark is at least 95; what cost marks is on stderr. CHROMIUM names another browser than Debian's, RUNS
// another number of times.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [base, account, ...paths] = process.argv.slice(2);
const LEAST = 95;
const RUNS = Number(process.env.RUNS || 3);
const KINDS = ["performance", "accessibility", "best-practices"];

const installed = createRequire(resolve(process.env.LIGHTHOUSE || ".", "package.json"));
const load = (name) => import(pathToFileURL(installed.resolve(name)).href);
const { default: lighthouse } = await load("lighthouse");
const { default: puppeteer } = await load("puppeteer-core");

async function login() {
  const body = new URLSearchParams({ name: account, password: readFileSync(0, "utf8").trim() });
  const answer = await fetch(base + "/login", { method: "POST", body, redirect: "manual" });
  const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("doseplan="));
  if (answer.status !== 303 || !cookie) throw new Error(`${account} cannot log in: ${answer.status}`);
  return cookie.split(";")[0].split("=")[1];
}

const value = await login();
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
await browser.setCookie({ name: "doseplan", value, domain: new URL(base).hostname, httpOnly: true, sameSite: "Lax" });
const page = await browser.newPage();

async function measure(path) {
  const { lhr } = await lighthouse(base + path, { logLevel: "error", onlyCategories: KINDS }, undefined, page);
  if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
  if (new URL(lhr.finalDisplayedUrl).pathname === "/login") throw new Error(`${path} asks to log in`);
  return lhr;
}

// What an audit found, with the elements that it names.
function found(lhr, kind) {
  const costly = lhr.categories[kind].auditRefs.filter((one) => one.weight > 0 && lhr.audits[one.id].score !== null && lhr.audits[one.id].score < 0.9);
  return costly.map(({ id }) => {
    const audit = lhr.audits[id];
    const nodes = (audit.details?.items || []).slice(0, 5).map((item) => item.node?.snippet || item.description || "");
    return `${id} ${audit.displayValue || ""} ${nodes.join(" | ")}`.trim();
  });
}

let isGood = true;
console.log(["page", ...KINDS, "first paint", "bytes"].join("\t"));
try {
  for (const path of paths) {
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await measure(path));
    const mark = (lhr, kind) => Math.round(lhr.categories[kind].score * 100);
    const best = (kind) => runs.reduce((one, other) => (mark(other, kind) > mark(one, kind) ? other : one));
    const marks = KINDS.map((kind) => mark(best(kind), kind));
    const { audits } = best("performance");
    console.log([path, ...marks, audits["first-contentful-paint"].displayValue, audits["total-byte-weight"].numericValue].join("\t"));
    for (const [at, kind] of KINDS.entries()) {
      if (marks[at] === 100) continue;
      isGood &&= marks[at] >= LEAST;
      for (const line of found(best(kind), kind)) console.error(`${path}\t${kind}\t${line}`);
    }
  }
} finally {
  await browser.close();
}
process.exit(isGood ? 0 : 1);

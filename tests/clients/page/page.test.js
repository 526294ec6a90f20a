"use strict";
// The page as somebody uses it. Every test has a world of its own.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { chromium } = require("playwright-core");

const mock = process.env.HYPEMAN_BASE_URL;
const TIMEOUT_MS = 20000;
let browser;

before(async () => {
  // Chromium's own sandbox does not run as root.
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath: process.env.PAGE_BROWSER, args, timeout: TIMEOUT_MS });
});
after(() => browser?.close());

// What the API answers, as any client gets it; fetch's error when the answer is lost.
async function call(method, target, body) {
  const answer = await fetch(mock + target, {
    method,
    headers: { Authorization: "Bearer x", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    id: answer.headers.get("X-Mock-Request-Id"),
    body: text === "" ? null : JSON.parse(text),
  };
}

async function made(target, body) {
  const answer = await call("POST", target, body);
  assert.ok(answer.status < 300, JSON.stringify(answer));
  return answer.body;
}

// A page that has not been used before. What it asks of others, and what goes wrong in it, fails the test.
async function withPage(t, options, use) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("console", (message) => {
    // Chromium reports answers like 404 by itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(t.base ?? mock) && !request.url().startsWith("data:")) faults.push(request.url());
  });
  try {
    await use(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

async function open(page, target, base = mock) {
  await page.goto(base + target);
  await isLive(page);
}

const isLive = (page) => page.locator("#connection").getByText("live").waitFor();

const part = (page, name) => page.getByRole("region", { name, exact: false });
const sees = (where, text) => where.getByText(text).first().waitFor();

test("a world is created, forked, chosen and deleted", async (t) => {
  await withPage(t, {}, async (page) => {
    await open(page, "/_mock/");
    const worlds = part(page, "Worlds");
    await worlds.getByLabel("Name").fill("shop");
    await worlds.getByLabel("Clock").selectOption("virtual");
    await worlds.getByRole("button", { name: "Create" }).click();
    await sees(worlds, "Created shop.");
    assert.equal(new URL(page.url()).pathname, "/_w/shop/_mock/");
    await made("/_w/shop/instances", { name: "web1", image: "nginx" });
    await sees(part(page, "Instances"), "web1");

    await worlds.getByRole("button", { name: "Fork shop" }).click();
    await page.keyboard.type("shop-2"); // the focus is in its name
    await page.keyboard.press("Enter");
    await sees(worlds, "Created shop-2.");
    await sees(part(page, "Instances"), "web1");
    assert.equal((await call("GET", "/_w/shop-2/instances")).body.length, 1);

    await worlds.getByRole("button", { name: "Delete shop-2" }).click();
    await page.keyboard.press("Escape");
    assert.equal((await call("GET", "/_mock/worlds/shop-2")).status, 200);
    await worlds.getByRole("button", { name: "Delete shop-2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await sees(worlds, "Deleted shop-2.");
    assert.equal((await call("GET", "/_mock/worlds/shop-2")).status, 404);
    assert.equal(new URL(page.url()).pathname, "/_mock/");
  });
});

test("states over time and a snapshot appear as they happen", async (t) => {
  await made("/_mock/worlds", { name: "live", clock: "virtual" });
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/live/_mock/");
    await sees(part(page, "Snapshots"), "None.");
    await made("/_w/live/instances", { name: "web1", image: "nginx" });
    const states = page.getByRole("list", { name: "States of web1 over time" });
    await sees(states, "Initializing");
    await part(page, "Clock").getByRole("button", { name: "+1 h" }).click();
    await sees(states, "Running");
    await made("/_w/live/instances/web1/snapshots", { kind: "Standby", name: "baseline" });
    await sees(part(page, "Snapshots"), "baseline");
    await made("/_w/live/instances/web1/standby", {});
    await sees(states, "Standby");
    await part(page, "Clock").getByRole("button", { name: "+1 min" }).click();
    await sees(states, "1 min");
    assert.deepEqual(await states.getByRole("listitem").allInnerTexts().then((all) => all.map((text) => text.replace(/\s+/g, " "))),
      ["◔ Initializing 250 ms", "● Running 59 min 59 s", "◆ Standby 1 min"]);
  });
});

test("the clock changes its mode, moves, and says why it does not", async (t) => {
  await made("/_mock/worlds", { name: "time", clock: "virtual" });
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/time/_mock/");
    const clock = part(page, "Clock");
    assert.ok(await clock.getByRole("button", { name: "To the next event" }).isDisabled());
    await clock.getByLabel("By a duration").fill("1h30m");
    await page.keyboard.press("Enter");
    await sees(clock, "It is 2026-01-01 01:30:00.");
    await clock.getByLabel("To a time").fill("2025-01-01T00:00:00Z");
    await page.keyboard.press("Enter");
    await sees(clock, /never goes back|earlier|before/);
    await made("/_w/time/instances", { name: "web1", image: "nginx" });
    await clock.getByLabel("Until instance").fill("web1");
    await page.keyboard.press("Enter");
    await sees(clock, "It is 2026-01-01 01:30:00.250.");
    await clock.getByLabel("auto").check();
    await sees(clock, "The clock is auto.");
    assert.equal((await call("GET", "/_w/time/_mock/clock")).body.mode, "auto");
  });
});

test("a fault is set, spoils an answer, and the journal shows it as it happens", async (t) => {
  await made("/_mock/worlds", { name: "spoilt", clock: "virtual" });
  await made("/_w/spoilt/instances", { name: "web1", image: "nginx" });
  await made("/_w/spoilt/_mock/clock/advance", { by: "1s" });
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/spoilt/_mock/");
    const journal = part(page, "Journal");
    await sees(journal, "POST /instances"); // what came before is there
    const faults = part(page, "Faults");
    await faults.getByLabel("Effect").selectOption("commit-then-lose");
    await faults.getByLabel("Operation").fill("createInstanceSnapshot");
    await faults.getByLabel("Times").fill("1");
    await faults.getByRole("button", { name: "Set" }).click();
    await sees(faults, "Set fault-1.");
    await assert.rejects(call("POST", "/_w/spoilt/instances/web1/snapshots", { kind: "Standby", name: "twice" }));
    await sees(part(page, "Snapshots"), "twice");
    await sees(journal, /lost fault-1/);
    await sees(faults, "1 of 1 spoilt");
    assert.equal((await call("POST", "/_w/spoilt/instances/web1/snapshots", { kind: "Standby", name: "twice" })).status, 409);
    await sees(journal, /^409 /);

    await journal.getByLabel("Find").fill("409");
    await sees(journal, "1 of 3");
    await journal.getByLabel("Find").fill("");
    await journal.getByLabel("only failures").check();
    await sees(journal, "2 of 3");
    await journal.getByRole("button", { name: "Clear" }).click();
    await sees(journal, "No requests yet.");

    await faults.getByLabel("The rule, as it is sent").fill("{\"effect\": \"statu\"}");
    await faults.getByRole("button", { name: "Set" }).click();
    await sees(faults, /did you mean "status"/);
    await faults.getByRole("button", { name: "Delete fault-1" }).click();
    await sees(faults, "Deleted fault-1.");
    assert.deepEqual((await call("GET", "/_w/spoilt/_mock/faults")).body, []);
  });
});

test("a transition is held and let go", async (t) => {
  await made("/_mock/worlds", { name: "held", clock: "virtual" });
  await made("/_w/held/instances", { name: "web1", image: "nginx" });
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/held/_mock/");
    const instances = part(page, "Instances");
    await instances.getByText("History and details").click();
    await instances.getByLabel("Transition").selectOption("boot");
    await instances.getByRole("button", { name: "hold it, of web1" }).click();
    await sees(instances, "boot is held, one waits");
    await made("/_w/held/_mock/clock/advance", { by: "1h" });
    const states = page.getByRole("list", { name: "States of web1 over time" });
    await sees(states, "1 h");
    assert.equal((await call("GET", "/_w/held/instances/web1")).body.state, "Initializing");
    await instances.getByRole("button", { name: "release it, of web1" }).click();
    await sees(states, "Running");
    await instances.getByText("boot is held").waitFor({ state: "hidden" });
    await instances.getByRole("button", { name: "step it, of web1" }).click();
    await sees(instances, /no boot|not held|nothing/);
  });
});

test("the reason of an answer is read by a key and closed by Escape", async (t) => {
  await made("/_mock/worlds", { name: "why", clock: "virtual" });
  await made("/_w/why/instances", { name: "web1", image: "nginx" });
  await made("/_w/why/_mock/clock/advance", { by: "1s" });
  await made("/_w/why/instances/web1/standby", {});
  const refused = await call("POST", "/_w/why/instances/web1/stop");
  assert.equal(refused.status, 409);
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/why/_mock/");
    const line = part(page, "Journal").getByRole("button", { name: `Explain ${refused.id}` });
    await line.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: `Why ${refused.id} was answered so` });
    await sees(dialog, /^POST \/instances\/web1\/stop .*was answered 409/);
    await sees(dialog, /^It was refused by /);
    await sees(dialog, "INST-ST-012");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.ok(await line.evaluate((node) => node === document.activeElement));

    await part(page, "Journal").getByRole("button", { name: "Clear" }).click();
    await call("GET", "/_w/why/instances");
    await part(page, "Journal").getByRole("button", { name: /^Explain / }).click();
    await call("DELETE", "/_w/why/_mock/journal");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await part(page, "Journal").getByRole("button", { name: /^Explain / }).click();
    await sees(page.getByRole("dialog"), /the journal has no request/);
  });
});

test("a part that the server does not have is said to be missing", async (t) => {
  await withPage(t, {}, async (page) => {
    const missing = (route) => route.fulfill({ status: 404, json: {
      code: "not_found",
      message: `the control API has no ${new URL(route.request().url()).pathname}; docs/control-api.md says what it has` } });
    await page.route("**/_mock/faults", missing);
    await page.route("**/_mock/journal/stream", missing);
    await open(page, "/_mock/");
    await sees(part(page, "Faults"), "This server has no /_mock/faults.");
    await sees(part(page, "Journal"), "This server has no /_mock/journal.");
  });
});

test("what the server says is never taken for HTML", async (t) => {
  const evil = "<img src=x onerror=alert(1)>";
  await made("/_mock/worlds", { name: "evil", clock: "virtual" });
  await made("/_w/evil/instances", { name: "web1", image: "nginx" });
  await withPage(t, {}, async (page) => {
    page.on("dialog", () => assert.fail("a script has run"));
    // The API takes no such names, so they come in on the way.
    await page.route("**/_mock/overview", async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replaceAll(/"(web1|nginx|firecracker|Initializing)"/g, JSON.stringify(evil));
      await route.fulfill({ response: answer, body });
    });
    await open(page, "/_w/evil/_mock/");
    await page.getByText("History and details").click();
    await sees(part(page, "Instances"), evil);
    assert.equal(await page.locator("img").count(), 0);
  });
});

test("the page's policy lets nothing be made of text but text", async () => {
  const page = await browser.newPage();
  await open(page, "/_mock/");
  const refused = await page.evaluate(() => {
    try {
      document.body.innerHTML = "<img src=x>";
      return "";
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(refused, "TypeError");
  await page.close();
});

test("without its token the page asks for it, and keeps it for the tab", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "page-"));
  const file = path.join(folder, "token");
  writeFileSync(file, "s3cret\n");
  const guarded = spawn(path.join(process.env.PAGE_BIN, "hypeman-mock"),
    ["--listen", "127.0.0.1:0", "--log", "off", "--ready-fd", "3", "--exit-with-parent", "--control-token-file", file],
    { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const ended = new Promise((resolve) => guarded.on("exit", resolve));
  try {
    const ready = await new Promise((resolve) => guarded.stdio[3].once("data", resolve));
    t.base = JSON.parse(ready).urls[0];
    await withPage(t, {}, async (page) => {
      await page.goto(`${t.base}/_mock/`);
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Token").fill("wrong");
      await page.keyboard.press("Enter");
      await sees(dialog, "That was not the token.");
      await page.keyboard.press("Escape");
      await sees(page, /need the bearer token/);
      await page.getByRole("button", { name: "Give the token" }).click();
      await dialog.getByLabel("Token").fill("s3cret");
      await page.keyboard.press("Enter");
      await isLive(page);
      await page.reload();
      await isLive(page);
      assert.equal(await dialog.count(), 0);
      guarded.kill("SIGTERM");
      await sees(page, "the server does not answer");
    });
  } finally {
    guarded.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
});

test("it is used by the keyboard alone, and every control has a name", async (t) => {
  await made("/_mock/worlds", { name: "keys", clock: "virtual" });
  await withPage(t, {}, async (page) => {
    await open(page, "/_w/keys/_mock/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to clock, worlds and faults");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.value), "virtual");
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    for (let i = 0; i < 2; i++) await page.keyboard.press("Tab"); // past +1 s
    await page.keyboard.press("Enter");
    await sees(part(page, "Clock"), "It is 2026-01-01 00:01:00.");

    for (const role of ["button", "textbox", "combobox", "checkbox", "radio", "searchbox", "table", "dialog"])
      for (const node of await page.getByRole(role).all())
        assert.equal(await page.getByRole(role, { name: /\S/ }).and(node).count(), 1, await node.evaluate((n) => n.outerHTML));
    assert.equal(await page.locator("[onclick], div[tabindex]:not([role])").count(), 0);
  });
});

for (const width of [1280, 400])
  for (const colorScheme of ["light", "dark"])
    test(`it fits ${width} pixels, ${colorScheme}, and what is read stands out`, async (t) => {
      const name = `look-${width}-${colorScheme}`;
      await made("/_mock/worlds", { name, clock: "virtual" });
      await made(`/_w/${name}/instances`, { name: "web1", image: "docker.io/library/nginx:1.29-alpine" });
      await made(`/_w/${name}/_mock/clock/advance`, { by: "1h" });
      await made(`/_w/${name}/instances/web1/snapshots`, { kind: "Standby", name: "a-snapshot-with-a-rather-long-name" });
      await made(`/_w/${name}/instances/web1/standby`, {});
      await made(`/_w/${name}/_mock/clock/advance`, { by: "10m" });
      assert.equal((await call("POST", `/_w/${name}/instances/web1/stop`)).status, 409);
      await withPage(t, { viewport: { width, height: 900 }, colorScheme }, async (page) => {
        await open(page, `/_w/${name}/_mock/`);
        await sees(part(page, "Snapshots"), "a-snapshot-with-a-rather-long-name");
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        assert.deepEqual(await page.evaluate(tooFaint), []);
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
      });
    });

// Texts that stand out from their ground by less than 4.5 : 1 (WCAG 2, AA). Runs in the page.
function tooFaint() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data.trim()).join("");
    if (text === "" || !node.checkVisibility() || node.matches(":disabled, option, script, style, .skip")) continue;
    const grounds = [];
    for (let n = node; n !== null; n = n.parentElement) grounds.unshift(getComputedStyle(n).backgroundColor);
    const ground = light(paint(grounds));
    const front = light(paint([...grounds, getComputedStyle(node).color]));
    const ratio = (Math.max(ground, front) + 0.05) / (Math.min(ground, front) + 0.05);
    if (ratio < 4.5) faint.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}

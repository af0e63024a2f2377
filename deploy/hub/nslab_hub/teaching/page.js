// The teacher's page.  What learners say is put in as text and as images, never as markup.
import { language, say, translate } from "./words.js";

const base = document.body.dataset.base;
const meta = (name) => document.querySelector(`meta[name=${name}]`).content;
const facts = JSON.parse(meta("facts"));
const $ = (id) => document.getElementById(id);
const PAUSE = 600; // as nslab reckons: a longer pause counts as so many seconds

let view = { version: 0, learners: [], now: 0 };
let got = 0; // when the view came, by this page's clock

function make(tag, text = "", more = {}) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  for (const [name, value] of Object.entries(more)) {
    if (name === "className") node.className = value;
    else node.setAttribute(name, value);
  }
  return node;
}

async function call(path, body) {
  const headers = { "X-XSRFToken": meta("xsrf") }; // the hub asks for it also where nothing changes
  const options = body === undefined ? { headers } : {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(base + path, { ...options, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 403) throw new Error("login");
  const kind = answer.headers.get("Content-Type") || "";
  const said = kind.includes("json") ? await answer.json() : {};
  if (!answer.ok) throw new Error(said.error || say("the hub says {status}", { status: answer.status }));
  return said;
}

// -- what stands in the table --------------------------------------------------------------

function spent(one, server) {
  // Seconds of work on it: those in the learner's file, and those since its last change.
  const since = server - Date.parse(one.changed) / 1000;
  return one.seconds + (since > 0 ? Math.min(since, PAUSE) : 0);
}

const minutes = (seconds) => seconds < 60 ? say("under 1 min")
  : say("{minutes} min", { minutes: Math.floor(seconds / 60) });

const whole = (words) => words.replaceAll(" ", "\u00a0"); // a cell that wraps does so between them

function state(one) {
  if (!one) return "none";
  if (one.passed) return "passed";
  if (one.tries) return "red";
  return one.hints || one.seconds || one.changed ? "begun" : "none";
}

const SIGN = { passed: "✔", red: "✘", begun: "◐", none: "·" };
const WORD = {
  passed: say("met"), red: say("not met"), begun: say("begun"), none: say("not begun"),
};

function head() {
  const top = make("tr"), below = make("tr");
  for (const [text, name] of [[say("Learner"), "who"], [say("Where"), "where"],
    [say("Stuck on"), "stuck"], [say("Lab"), "lab"], [say("Handed in"), "in"]]) {
    top.append(make("th", text, { className: name, rowspan: "2", scope: "col" }));
  }
  for (const lesson of facts.course) {
    const cell = make("th", "", {
      className: "first", colspan: String(lesson.exercises.length), scope: "colgroup",
    });
    cell.append(make("abbr", lesson.name.split("-")[0], { title: lesson.title }));
    top.append(cell);
    lesson.exercises.forEach((one, place) => {
      const heading = make("th", "", { className: place ? "" : "first", scope: "col" });
      heading.append(make("abbr", one.id, { title: one.goal }));
      below.append(heading);
    });
  }
  $("head").replaceChildren(top, below);
}

function fill(cell, text, more = {}) {
  // Only what has changed is touched: who reads the table by ear hears no more than that.
  if (cell.textContent !== text) cell.textContent = text;
  for (const [name, value] of Object.entries(more)) {
    if (cell.getAttribute(name) !== value) cell.setAttribute(name, value);
  }
}

function row(name) {
  let found = [...$("rows").children].find((each) => each.dataset.name === name);
  if (found) return found;
  found = make("tr");
  found.dataset.name = name;
  const who = make("th", "", { scope: "row" });
  who.append(make("span", "", { className: "dot", "aria-hidden": "true" }), make("span", name),
    make("span", "", { className: "visually-hidden" }));
  found.append(who, make("td", "", { className: "where" }), make("td", "", { className: "stuck" }));
  const button = make("button", say("Look"));
  button.addEventListener("click", () => look(name));
  const lab = make("td");
  lab.append(button);
  found.append(lab, make("td", "", { className: "in" }));
  for (const lesson of facts.course) {
    for (const one of lesson.exercises) found.append(make("td", "", { "data-exercise": one.name }));
  }
  const next = [...$("rows").children].find((each) => each.dataset.name > name);
  $("rows").insertBefore(found, next || null);
  return found;
}

function show() {
  const server = view.now + (performance.now() - got) / 1000;
  const there = new Set(view.learners.map((one) => one.name));
  for (const old of [...$("rows").children]) if (!there.has(old.dataset.name)) old.remove();
  for (const learner of view.learners) show_learner(learner, server);
  const online = view.learners.filter((one) => one.online).length;
  fill($("count"), say("{online} of {all} online", { online, all: view.learners.length }));
  $("nobody").hidden = view.learners.length > 0;
  const said = view.announcement;
  $("unsay").hidden = !said;
  fill($("said"), said ? say("On their screens since {time}, from {teacher}: {text}",
    { time: clock(said.at), teacher: said.teacher, text: said.text }) : "");
  show_marking();
}

function show_learner(learner, server) {
  const line = row(learner.name);
  line.classList.toggle("off", !learner.online);
  const [who, where, stuck, lab, handed] = line.children;
  fill(who.lastChild, learner.online ? say(", online") : say(", offline"));
  fill(where, [learner.notebook.split("-")[0], learner.heading].filter(Boolean).join(" · ") || "–",
    { title: [learner.notebook, learner.heading].filter(Boolean).join(" · ") });
  let newest = null; // the one that is red and was tried last
  const first = new Map(facts.course.map((lesson) => [lesson.exercises[0].name, true]));
  for (const lesson of facts.course) {
    for (const one of lesson.exercises) {
      const record = learner.exercises[one.name], now = state(record);
      const cell = line.querySelector(`[data-exercise="${CSS.escape(one.name)}"]`);
      const tries = now === "red" ? ` ${record.tries}` : "";
      let about = `${one.id}: ${WORD[now]}`;
      if (record) {
        about += say(", tries: {tries}, hints: {hints}, {time}",
          { tries: record.tries, hints: record.hints, time: minutes(spent_on(record, server)) });
        if (record.solution) about += say(", with the solution");
      }
      const sort = first.has(one.name) ? `first ${now}` : now;
      fill(cell, SIGN[now] + tries, { class: sort, title: about, "aria-label": about });
      if (now === "red") {
        const time = spent(record, server);
        const earlier = newest && Date.parse(newest.record.changed) > Date.parse(record.changed);
        if (!earlier) newest = { lesson, one, record, time };
      }
    }
  }
  fill(stuck, newest ? [`${newest.lesson.name.split("-")[0]} ${newest.one.id}`, minutes(newest.time),
    newest.record.tries === 1 ? say("1 try") : say("{count} tries", { count: newest.record.tries }),
  ].map(whole).join("\u00a0· ") : "");
  const button = lab.firstChild, may = learner.sharing && learner.online;
  button.disabled = !may;
  fill(button, may ? say("Look") : say("not shared"), {
    title: may ? say("the lab's picture, and why") : say("they have not switched on “Share my labs”"),
    "aria-label": may ? say("Look into the lab of {name}", learner) : say("{name} shares no lab", learner),
  });
  const files = learner.files === 1 ? say("1 file") : say("{count} files", { count: learner.files });
  fill(handed, learner.files ? `${whole(files)}, ${whole(clock(learner.handed_in))}` : "–");
}

const spent_on = (record, server) => record.passed ? record.seconds : spent(record, server);

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function show_marking() {
  const marking = view.marking || { state: "none" };
  const words = {
    none: "", running: say("marking … {said}", { said: marking.said || "" }), done: say("marked"),
    failed: say("not marked: {said}", { said: marking.said || "" }),
  };
  fill($("marking"), words[marking.state] || "");
  $("mark").disabled = marking.state === "running";
  $("download").hidden = marking.state !== "done";
}

// What is out of sight has a shadow over it, and words above.
const scroll = document.querySelector(".scroll");
function edges() {
  const more = scroll.scrollWidth - scroll.clientWidth;
  $("sheet").classList.toggle("before", scroll.scrollLeft > 1);
  $("sheet").classList.toggle("after", scroll.scrollLeft < more - 1);
  $("more").hidden = more <= 1;
}
scroll.addEventListener("scroll", edges, { passive: true });
const watched = new ResizeObserver(edges);
for (const each of [scroll, scroll.firstElementChild]) watched.observe(each);

// -- news ----------------------------------------------------------------------------------

async function follow() {
  for (;;) {
    try {
      const fresh = await call(`api/class?since=${view.version}`);
      got = performance.now();
      view = fresh;
      fill($("link"), "");
      show();
      await new Promise((done) => setTimeout(done, 300)); // many changes at once are one
    } catch (error) {
      if (error.message === "login") {
        $("link").replaceChildren(make("a", say("Your login has ended: log in again"), { href: base }));
        return;
      }
      fill($("link"), say("The hub does not answer: what you see is old. Trying again …"));
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

setInterval(() => view.version && show(), 15000); // minutes go by without news

// -- what the teacher does -----------------------------------------------------------------

async function tried(job, where) {
  try {
    await job();
  } catch (error) {
    fill(where, error.message === "login" ? say("your login has ended: load the page anew") : say(error.message));
  }
}

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text) tried(async () => { await call("api/announce", { text }); $("text").value = ""; }, $("said"));
});
$("unsay").addEventListener("click", () => {
  tried(() => call("api/announce", { text: "" }), $("said"));
  $("text").focus();
});
$("mark").addEventListener("click", () => tried(() => call("marks.csv", {}), $("marking")));

let looking = "";

function look(name) {
  looking = name;
  fill($("look-title"), say("The lab of {name}", { name }));
  $("target").value = "";
  for (const id of ["lab", "ns", "addresses"]) $(id).replaceChildren();
  $("look").showModal();
  ask({});
}

async function ask(more) {
  const name = looking;
  fill($("look-state"), say("asking …"));
  $("why").hidden = $("picture").hidden = true;
  try {
    const seen = await call("api/look", { learner: name, language, ...more });
    if (name === looking) show_look(seen);
  } catch (error) {
    fill($("look-state"), say(error.message));
  }
}

function options(select, values, chosen) {
  select.replaceChildren(...values.map(([value, text]) => {
    const option = make("option", text, { value });
    option.selected = value === chosen;
    return option;
  }));
}

function show_look(seen) {
  fill($("look-state"), say(seen.refused));
  if (seen.refused) return;
  options($("lab"), seen.labs.map((one) => [String(one.pid), one.name]), String(seen.lab));
  options($("ns"), seen.namespaces.map((one) => [one, one]), $("ns").value || preferred(seen));
  $("addresses").replaceChildren(...seen.addresses.map((one) => make("option", "", { value: one })));
  if (!$("target").value && seen.addresses.length) $("target").value = seen.addresses[0];
  $("why").hidden = !seen.said;
  fill($("why"), seen.said);
  $("picture").hidden = !seen.picture;
  if (seen.picture) {
    $("picture").src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(seen.picture)}`;
    $("picture").alt = say("The network of the lab of {name}", { name: looking });
  }
}

const preferred = (seen) => seen.namespaces.find((one) => one !== "host") || "host";

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ lab: Number($("lab").value) || 0, ns: $("ns").value, target: $("target").value.trim() });
});
$("lab").addEventListener("change", () => {
  $("ns").replaceChildren();
  ask({ lab: Number($("lab").value) || 0 });
});
$("picture").addEventListener("load", () => {
  $("picture").style.setProperty("--natural", `${$("picture").naturalWidth}px`);
});
$("look").addEventListener("close", () => { looking = ""; });

translate(document);
head();
follow();

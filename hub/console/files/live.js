// Follows the log on its page: asks every few seconds for what came since, and puts it before the rest, as text.
// It asks nothing while the page is hidden or paused, and ends when the hub refuses, or after as long as the page says.
const table = document.querySelector("table[data-newer]");
const said = document.getElementById("live-said");
const button = document.getElementById("live-pause");
const link = document.getElementById("live-newer");
const { record, ended, told, leftOut } = table.dataset;
const seconds = (name) => Number(table.dataset[name]) * 1000;
const end = Date.now() + seconds("longest");
const pause = button.textContent;
let running = true;

function cell(row, ...content) {
  row.insertCell().append(...content);
}

function coded(each) {
  if (!Array.isArray(each)) return [each];
  const [word, code] = each;
  return word === code ? [word] : [word, " ", Object.assign(document.createElement("code"), { className: "coded", textContent: code })];
}

function put([index, utc, local, ...cells]) {
  const row = table.tBodies[0].insertRow(0);
  const number = Object.assign(document.createElement("a"), { href: `${record}?index=${index}`, textContent: index });
  cell(row, number);
  cell(row, Object.assign(document.createElement("time"), { dateTime: utc, title: utc, textContent: local }));
  for (const each of cells) cell(row, ...coded(each));
}

function show({ rows, last, leftOut: more }) {
  for (const row of rows.reverse()) put(row);
  while (table.tBodies[0].rows.length > Number(table.dataset.most)) table.tBodies[0].deleteRow(-1);
  const next = new URL(link.href);
  next.searchParams.set("after", last);
  link.href = next;
  if (rows.length > 0) said.textContent = told.replace("{count}", rows.length) + (more ? ` ${leftOut}` : "");
}

function stop() {
  running = false;
  button.hidden = true;
  said.textContent = ended;
}

async function ask() {
  const answer = await fetch(link.href, { headers: { Accept: "application/json" } });
  if (answer.headers.get("Content-Type") !== "application/json") return stop();
  return show(await answer.json());
}

async function follow() {
  if (Date.now() > end) return stop();
  if (running && document.visibilityState === "visible") await ask().catch(stop);
  if (!button.hidden) setTimeout(follow, seconds("every"));
}

button.addEventListener("click", () => {
  running = !running;
  button.textContent = running ? pause : button.dataset.resume;
  said.textContent = running ? button.dataset.resumed : button.dataset.paused;
});
button.hidden = false;
setTimeout(follow, seconds("every"));
